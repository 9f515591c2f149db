import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryRemoteMetadata } from '../../test/fakes/memory-remote-metadata.ts';
import { createMemorySeenMetadata } from '../../test/fakes/memory-seen-metadata.ts';
import {
  createNotaryKeyring,
  createNotaryMachine,
  fingerprintOf,
  makeNotaryRoot,
} from '../../test/fakes/notary-world.ts';
import { hour } from '../../test/fakes/tuf-world.ts';
import { digestOf } from '../oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../oci/reference.ts';
import type { SeenMetadata } from '../ports/seen-metadata.ts';
import type { Step } from '../trust/verify/step.ts';
import { createNotaryReader } from './notary-reader.ts';
import { createRequirementPolicy } from './requirement-policy.ts';

const now = Date.UTC(2026, 10, 23);
const host = parseRegistryHost('images.example.org');
const keyring = await createNotaryKeyring(`${host}/*`, now);
const first = await makeNotaryRoot(keyring, now + 9000 * hour);
type Files = ReadonlyMap<string, Uint8Array>;
type Machine = ReturnType<typeof createNotaryMachine>;

async function publish(machine: Machine, ...references: string[]): Promise<Files> {
  await machine.sign(keyring, [first.bytes], references, now);
  return new Map(machine.published);
}

interface Asking {
  readonly name?: string;
  readonly tag?: string;
  readonly at?: number;
  readonly seen?: SeenMetadata;
  readonly certificates?: readonly string[];
}

async function verify(files: Files, asking: Asking = {}): Promise<Step> {
  const { tag = '41', at = now, seen, certificates = [fingerprintOf(keyring)] } = asking;
  const name = asking.name ?? `fedora/base:${tag}`;
  const remote = createMemoryRemoteMetadata(
    () => new Map([...files].map(([path, bytes]) => [`v2/${path}`, bytes])),
  );
  const leaf = { kind: 'named', format: 'notary' } as const;
  const reader = createNotaryReader({
    remote,
    certificates: new Set(certificates),
    ...(seen === undefined ? {} : { seen }),
  });
  const policy = createRequirementPolicy(
    leaf,
    { name: { match: 'tag' } },
    { signatures: new Map(), metadata: new Map([[leaf, reader]]) },
  );
  const asked = { host, repository: parseRepositoryName('fedora/base'), reference: parseTagName(tag) };
  const content = { digest: digestOf(name), mediaType: 'application/json', size: name.length };
  const { step } = await policy.judge({ asked, content, list: content.digest, envelopes: new Map() }, at);
  return step;
}

/** The file whose name starts so. */
function pathOf(files: Files, start: string): string {
  return [...files.keys()].find((path) => path.includes(`/_trust/tuf/${start}`)) ?? '';
}

function changed(files: Files, path: string, bytes: Uint8Array | undefined): Files {
  const copy = new Map(files);
  if (bytes === undefined) copy.delete(path);
  else copy.set(path, bytes);
  return copy;
}

const good = await publish(createNotaryMachine(host), 'fedora/base:41', 'fedora/base:40');

test('a tag that the collection names holds, and each role is a step', async () => {
  const step = await verify(good);
  assert.ok(step.ok, step.detail ?? '');
  assert.deepEqual(
    step.steps?.map(({ name }) => name),
    [
      'root certificate',
      'root role',
      'timestamp role',
      'snapshot role',
      'targets role',
      'targets/releases role',
    ],
  );
});

test('what is wrong has a reason of its own', async () => {
  const timestamp = pathOf(good, 'timestamp');
  const snapshot = pathOf(good, 'snapshot.');
  const strange = await createNotaryKeyring(`${host}/*`, now);
  const narrow = await createNotaryKeyring(`${host}/debian/base`, now);
  const narrowRoot = await makeNotaryRoot(narrow, now + 9000 * hour);
  const machine = createNotaryMachine(host);
  await machine.sign(narrow, [narrowRoot.bytes], ['fedora/base:41'], now);
  const other = await createNotaryMachine(host).sign(
    strange,
    [(await makeNotaryRoot(strange, now + 9000 * hour)).bytes],
    ['fedora/base:41'],
    now,
  );
  // A whole collection by a stranger, whose root names the configured certificate beside the stranger's own.
  const beside = await createNotaryMachine(host).sign(
    strange,
    [(await makeNotaryRoot(strange, now + 9000 * hour, undefined, [strange], [keyring, strange])).bytes],
    ['fedora/base:41'],
    now,
  );
  const last = { ...first.root, version: Number.MAX_SAFE_INTEGER - 1 };
  const enormous = await createNotaryMachine(host).sign(
    strange,
    [(await makeNotaryRoot(strange, now + 9000 * hour, last)).bytes],
    ['fedora/base:41'],
    now,
  );
  const cases: readonly [string, RegExp, Files, Asking?][] = [
    ['unknown-key', /no root certificate for .* that is configured/, enormous.offered],
    ['forged', /names the configured root certificate .* is not signed by it/, beside.offered],
    ['missing', /has no \/v2\/images\.example\.org\/fedora\/base\/_trust\/tuf\/timestamp\.json/, new Map()],
    ['missing', /has no \/v2\/.*snapshot\./, changed(good, snapshot, undefined)],
    ['missing', /does not name "images\.example\.org\/fedora\/base:42"/, good, { tag: '42', name: 'new' }],
    ['forged', /is signed by 0 of/, changed(good, timestamp, other.offered.get(timestamp))],
    ['forged', /bytes/, changed(good, timestamp, Buffer.alloc(6_000_000, ' '))],
    ['unknown-key', /no root certificate for .* that is configured/, other.offered],
    [
      'wrong-reference',
      /for another name than images\.example\.org\/fedora\/base/,
      machine.published,
      { certificates: [fingerprintOf(narrow)] },
    ],
    ['expired', /timestamp role: version 1 expired on 2026-11-23T20/, good, { at: now + 21 * hour }],
    ['expired', /certificate for .* has expired/, good, { at: now + 900_000 * hour }],
    ['wrong-reference', /for another name: for .*fedora\/base:40/, good, { name: 'fedora/base:40' }],
    ['wrong-digest', /it names sha256:.*, not sha256/, good, { name: 'something else' }],
  ];
  for (const [reason, message, files, asking] of cases) {
    const step = await verify(files, asking);
    assert.equal(step.ok, false, reason);
    assert.equal(step.reason, reason, step.detail ?? '');
    assert.match(step.detail ?? '', message);
  }
});

test('an older state is a rollback for who has seen the newer one', async () => {
  const machine = createNotaryMachine(host);
  const old = await publish(machine, 'fedora/base:41');
  const fresh = await publish(machine, 'fedora/base:42');
  const seen = createMemorySeenMetadata();
  assert.ok((await verify(old, { seen })).ok);
  assert.ok((await verify(fresh, { seen })).ok);
  assert.equal((await verify(old, { seen })).reason, 'rollback');
  assert.ok((await verify(old)).ok, 'who has seen nothing cannot know');
  assert.ok((await verify(fresh, { seen, tag: '42' })).ok);
});

test('a timestamp stays remembered whose snapshot, or whose tags, then fail', async () => {
  for (const part of ['snapshot.', 'targets.', 'targets/releases.']) {
    const machine = createNotaryMachine(host);
    const old = await publish(machine, 'fedora/base:41');
    const next = await publish(machine, 'fedora/base:41', 'fedora/base:40');
    // Names have hashes in them: the newer file is the one that the old state lacks.
    const path = [...next.keys()].find((one) => one.includes(`/tuf/${part}`) && !old.has(one)) ?? '';
    for (const known of [true, false]) {
      const seen = createMemorySeenMetadata();
      if (known) assert.ok((await verify(old, { seen })).ok);
      for (const bytes of [undefined, Buffer.from('{}')]) {
        assert.equal((await verify(changed(next, path, bytes), { seen })).ok, false);
      }
      const back = await verify(old, { seen });
      assert.equal(back.reason, 'rollback', `${part} ${back.detail ?? ''}`);
      assert.ok((await verify(next, { seen })).ok, 'the whole one holds afterwards');
      assert.equal((await verify(old, { seen })).reason, 'rollback');
    }
  }
});

test('a new root is followed from the one that was seen, and one that skips it is refused', async () => {
  const machine = createNotaryMachine(host);
  const seen = createMemorySeenMetadata();
  assert.ok((await verify(await publish(machine, 'fedora/base:41'), { seen })).ok);
  const later = await createNotaryKeyring(`${host}/*`, now);
  const certificates = [fingerprintOf(later)];
  const alone = await makeNotaryRoot(later, now + 9000 * hour, first.root);
  const stolen = createNotaryMachine(host);
  await stolen.sign(keyring, [first.bytes], ['fedora/base:41'], now);
  await stolen.sign(later, [first.bytes, alone.bytes], ['fedora/base:41'], now);
  assert.equal((await verify(stolen.published, { seen, certificates })).reason, 'forged');
  const both = await makeNotaryRoot(later, now + 9000 * hour, first.root, [keyring, later]);
  await machine.sign(later, [first.bytes, both.bytes], ['fedora/base:41'], now);
  const step = await verify(machine.published, { seen, certificates });
  assert.ok(step.ok, step.detail ?? '');
});

test('property: no flipped bit in any file that is read verifies', async () => {
  const paths = [...good.keys()].filter((path) => !/\/(?:[0-9]+\.root|root\.[0-9a-f]+)\.json$/.test(path));
  assert.equal(paths.length, 5);
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...paths), fc.nat(), fc.nat(7), async (path, at, bit) => {
      const bytes = Buffer.from(good.get(path) ?? []);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      assert.equal((await verify(changed(good, path, bytes))).ok, false);
    }),
    { numRuns: 300 },
  );
});
