import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createNotaryKeyring,
  createNotaryMachine,
  fingerprintOf,
  makeNotaryRoot,
} from '../../../test/fakes/notary-world.ts';
import { hour } from '../../../test/fakes/tuf-world.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseRegistryHost, parseRepositoryName } from '../../oci/reference.ts';
import { parseNotaryPath } from './names.ts';
import { type CollectionFiles, verifyCollection } from './verify-collection.ts';

const now = Date.UTC(2026, 10, 23);
const host = 'images.example.org';
const keyring = await createNotaryKeyring(`${host}/*`, now);
const first = await makeNotaryRoot(keyring, now + 9000 * hour);
const none: CollectionFiles = new Map();

async function sign(
  machine: ReturnType<typeof createNotaryMachine>,
  references: readonly string[],
  at = now,
) {
  const { before, offered } = await machine.sign(keyring, [first.bytes], references, at);
  return { before: filesOf(before), offered: filesOf(offered) };
}

function filesOf(paths: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...paths].map(([path, bytes]) => [parseNotaryPath(path)?.file ?? path, bytes]));
}

function verify(published: CollectionFiles, offered: CollectionFiles, at = now, repository = 'fedora/base') {
  const collection = { registry: parseRegistryHost(host), repository: parseRepositoryName(repository) };
  const certificates = new Set([fingerprintOf(keyring)]);
  return verifyCollection({ collection, certificates, now: at }, published, offered);
}

test('a collection and what follows it are taken, the timestamp last', async () => {
  const machine = createNotaryMachine(host);
  const one = await sign(machine, ['fedora/base:41']);
  assert.deepEqual(Object.keys(verify(none, one.offered).tags), ['41']);
  const two = await sign(machine, ['fedora/base:42'], now + hour);
  const { tags, files } = verify(two.before, two.offered, now + hour);
  assert.deepEqual(Object.keys(tags), ['41', '42']);
  assert.equal(files.at(-1)?.file, 'timestamp.json');
  assert.ok(!files.some(({ file }) => file.endsWith('root.json')));
});

test('an older state, a mix, a frozen state and a file that nothing names are refused', async () => {
  const machine = createNotaryMachine(host);
  const one = await sign(machine, ['fedora/base:41']);
  const two = await sign(machine, ['fedora/base:42']);
  assert.throws(() => verify(new Map([...two.before, ...two.offered]), one.offered), { code: 'ROLLBACK' });
  const old = [...one.offered].find(([file]) => file.startsWith('snapshot.')) ?? ['', new Uint8Array()];
  const fresh = [...two.offered.keys()].find((file) => file.startsWith('snapshot.')) ?? '';
  assert.throws(() => verify(none, new Map([...two.offered, [fresh, old[1]]])), { code: 'TRUST' });
  assert.throws(() => verify(none, one.offered, now + 21 * hour), /timestamp metadata expired/);
  assert.throws(() => verify(none, new Map([...two.offered, old])), /nothing of the metadata names/);
});

test('a signer put back to an older state is refused', async () => {
  const machine = createNotaryMachine(host);
  await sign(machine, ['fedora/base:41']);
  const published = filesOf(machine.published);
  const restored = await sign(createNotaryMachine(host), ['fedora/base:42']);
  assert.throws(() => verify(published, restored.offered), { code: 'ROLLBACK' });
});

test("a root is taken with a configured certificate for this repository and no other's", async () => {
  const { offered } = await sign(createNotaryMachine(host), ['fedora/base:41']);
  const stranger = await createNotaryKeyring(`${host}/*`, now);
  const strange = createNotaryMachine(host);
  const root = await makeNotaryRoot(stranger, now + 9000 * hour);
  const files = await strange.sign(stranger, [root.bytes], ['fedora/base:41'], now);
  assert.throws(() => verify(none, filesOf(files.offered)), /no root certificate/);
  assert.throws(() => verify(none, offered, now + 9000 * hour * 10), { code: 'TRUST' });

  const narrow = await createNotaryKeyring(`${host}/fedora/base`, now);
  const narrowRoot = await makeNotaryRoot(narrow, now + 9000 * hour);
  const other = await createNotaryMachine(host).sign(narrow, [narrowRoot.bytes], ['debian/base:1'], now);
  const collection = { registry: parseRegistryHost(host), repository: parseRepositoryName('debian/base') };
  const certificates = new Set([fingerprintOf(narrow)]);
  assert.throws(() => verifyCollection({ collection, certificates, now }, none, filesOf(other.offered)), {
    code: 'TRUST',
  });
});

test('a new root is vouched for by the one before it', async () => {
  const machine = createNotaryMachine(host);
  await sign(machine, ['fedora/base:41']);
  const later = await createNotaryKeyring(`${host}/*`, now);
  const policy = {
    collection: { registry: parseRegistryHost(host), repository: parseRepositoryName('fedora/base') },
    certificates: new Set([fingerprintOf(later)]),
    now,
  };
  for (const signers of [[keyring, later], [later]]) {
    const next = await makeNotaryRoot(later, now + 9000 * hour, first.root, signers);
    const roots = [first.bytes, next.bytes];
    const { before, offered } = await machine.sign(later, roots, ['fedora/base:42'], now);
    const published = new Map(
      [...filesOf(before)].map(([file, bytes]) =>
        file === 'root.json' ? ([file, first.bytes] as const) : ([file, bytes] as const),
      ),
    );
    published.delete('2.root.json');
    if (signers.length === 2) assert.ok(verifyCollection(policy, published, filesOf(offered)).tags['42']);
    else assert.throws(() => verifyCollection(policy, published, filesOf(offered)), { code: 'TRUST' });
  }
});

test('no flipped bit in any file verifies', async () => {
  const { offered } = await sign(createNotaryMachine(host), ['fedora/base:41']);
  fc.assert(
    fc.property(
      fc.constantFrom(...offered.keys()),
      fc.nat(),
      fc.integer({ min: 0, max: 7 }),
      (file, at, bit) => {
        const bytes = Buffer.from(offered.get(file) ?? []);
        const index = at % bytes.length;
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
        assert.throws(() => verify(none, new Map([...offered, [file, bytes]])), isSignpostError);
      },
    ),
    { numRuns: 300 },
  );
});
