import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type TufKeyring,
  createTufKeyring,
  createTufMachine,
  hour,
  makeRoot,
} from '../../../test/fakes/tuf-world.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { sealMetadata } from '../../signer/seal-metadata.ts';
import { readStrictMetadata } from './read-strict-metadata.ts';
import { trustRoot, updateRoot } from './trusted-metadata.ts';
import { type MetadataFiles, verifyPublication } from './verify-publication.ts';

const now = Date.UTC(2026, 10, 23);
const keyring = createTufKeyring();
const first = await makeRoot(keyring, keyring.root, now + 9000 * hour);

const newMachine = (roots = [first.bytes]) => createTufMachine(keyring, roots);
const none: MetadataFiles = new Map();

function verify(published: MetadataFiles, offered: MetadataFiles, at = now) {
  return verifyPublication(first.bytes, published, offered, at);
}

function altered(
  files: MetadataFiles,
  changes: Readonly<Record<string, Uint8Array | undefined>>,
): MetadataFiles {
  const copy = new Map(files);
  for (const [path, bytes] of Object.entries(changes)) {
    if (bytes === undefined) copy.delete(path);
    else copy.set(path, bytes);
  }
  return copy;
}

test('a first publication is taken, its timestamp last', async () => {
  const { offered } = await newMachine().sign(['fedora/base:41', 'fedora/base:latest', 'root:1'], now);
  const { trusted, files } = verify(none, offered);
  assert.equal(files.at(-1)?.path, 'timestamp.json');
  assert.equal(files.length, offered.size);
  assert.deepEqual(Object.keys(trusted.delegated.get('repository~fedora~base')?.targets ?? {}), [
    'fedora/base/41',
    'fedora/base/latest',
  ]);
  assert.equal(
    trusted.delegated.get('repository~root')?.targets['root/1']?.custom?.reference,
    'images.example.org/root:1',
  );
});

test('what follows keeps the tags before it, and each version is one more', async () => {
  const machine = newMachine();
  await machine.sign(['a:1', 'b:1'], now);
  const { before, offered } = await machine.sign(['a:2'], now + hour);
  const { trusted, files } = verify(before, offered, now + hour);
  assert.deepEqual(Object.keys(trusted.delegated.get('repository~a')?.targets ?? {}), ['a/1', 'a/2']);
  assert.equal(trusted.timestamp?.version, 2);
  assert.equal(trusted.delegated.get('repository~b')?.version, 1);
  assert.ok(!files.some(({ path }) => path.includes('repository~b') || path === '1.root.json'));
});

test('an older state is refused, whole or in part', async () => {
  const machine = newMachine();
  const old = (await machine.sign(['a:1'], now)).offered;
  await machine.sign(['a:2'], now);
  assert.throws(() => verify(machine.published, old), { code: 'ROLLBACK' });
  const timestamp = old.get('timestamp.json');
  assert.throws(
    () => verify(machine.published, new Map([['timestamp.json', timestamp ?? new Uint8Array()]])),
    { code: 'ROLLBACK' },
  );
});

test('a signer put back to an older state is refused: its versions were published with other content', async () => {
  const machine = newMachine();
  await machine.sign(['a:1'], now);
  const restored = newMachine();
  await restored.sign(['a:1'], now + hour);
  assert.throws(() => verify(machine.published, restored.published, now + hour), { code: 'ROLLBACK' });
});

test('a frozen state is refused once its timestamp has expired', async () => {
  const machine = newMachine();
  const { offered } = await machine.sign(['a:1'], now);
  verify(none, offered, now + 19 * hour);
  assert.throws(() => verify(none, offered, now + 21 * hour), /timestamp\.json expired/);
});

test('a mix of two publications is refused', async () => {
  const machine = newMachine();
  const one = (await machine.sign(['a:1'], now)).offered;
  const two = (await machine.sign(['a:2'], now)).offered;
  const mixed = altered(two, {
    '2.repository~a.json': undefined,
    '1.repository~a.json': one.get('1.repository~a.json'),
  });
  assert.throws(() => verify(none, mixed), { code: 'TRUST' });
  const named = altered(two, { '2.repository~a.json': one.get('1.repository~a.json') });
  assert.throws(() => verify(none, named), { code: 'TRUST' });
});

test('a file that nothing names is refused', async () => {
  const { offered } = await newMachine().sign(['a:1'], now);
  const more = altered(offered, { '9.repository~b.json': offered.get('1.repository~a.json') });
  assert.throws(() => verify(none, more), /nothing of the metadata names 9\.repository~b\.json/);
  assert.throws(() => verify(none, altered(offered, { '../1.root.json': first.bytes })), {
    code: 'REQUEST_INVALID',
  });
});

test('a stolen timestamp key cannot make up a snapshot', async () => {
  const machine = newMachine();
  const { offered } = await machine.sign(['a:1'], now);
  const thief: TufKeyring = { ...createTufKeyring(), timestamp: keyring.timestamp };
  const file = readStrictMetadata(offered.get('1.snapshot.json') ?? new Uint8Array(), 'snapshot', 'test');
  const forged = (await sealMetadata({ ...file.signed, version: 2 }, thief.snapshot)).bytes;
  assert.throws(() => verify(machine.published, new Map([['2.snapshot.json', forged]])), { code: 'TRUST' });
});

test('a root is followed one version at a time, by the threshold of the one before', async () => {
  const later = { ...keyring, root: [...keyring.root.slice(1), ...createTufKeyring().root.slice(0, 1)] };
  const bothRoots = [...new Set([...keyring.root, ...later.root])];
  const good = await makeRoot(later, bothRoots, now + 9000 * hour, first.root);
  const machine = newMachine();
  await machine.sign(['a:1'], now);
  const { before, offered } = await machine.sign(['a:2'], now, later, [first.bytes, good.bytes]);
  assert.equal(verify(before, offered).trusted.root.version, 2);

  const stolen = keyring.root.slice(0, 1);
  const lone = await makeRoot(
    { ...keyring, root: stolen.concat(createTufKeyring().root) },
    stolen,
    now + 9000 * hour,
    first.root,
  );
  assert.throws(
    () =>
      verify(
        machine.published,
        new Map([
          ['2.root.json', lone.bytes],
          ['3.root.json', lone.bytes],
        ]),
      ),
    (error) => isSignpostError(error),
  );
  const skipped = await makeRoot(later, bothRoots, now + 9000 * hour, { ...first.root, version: 2 });
  assert.throws(() => verify(before, altered(offered, { '2.root.json': skipped.bytes })), {
    code: 'ROLLBACK',
  });
});

test('new timestamp keys end a fast-forward by the old ones', async () => {
  const machine = newMachine();
  await machine.sign(['a:1'], now);
  const far = readStrictMetadata(
    machine.published.get('timestamp.json') ?? new Uint8Array(),
    'timestamp',
    'test',
  ).signed;
  const forward = await sealMetadata({ ...far, version: 1_000_000 }, keyring.timestamp);
  const published = altered(machine.published, { 'timestamp.json': forward.bytes });
  const later = { ...keyring, timestamp: createTufKeyring().timestamp };
  const next = await makeRoot(later, keyring.root, now + 9000 * hour, first.root);
  const { offered } = await machine.sign(['a:2'], now, later, [first.bytes, next.bytes]);
  assert.throws(() => verify(published, altered(offered, { '2.root.json': undefined })), isSignpostError);
  assert.equal(verify(published, offered).trusted.timestamp?.version, 2);
});

test('no flipped bit in any file verifies', async () => {
  const { offered } = await newMachine().sign(['a:1'], now);
  const paths = [...offered.keys()].filter((path) => path !== '1.root.json');
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.nat(), fc.integer({ min: 0, max: 7 }), (path, at, bit) => {
      const bytes = Buffer.from(offered.get(path) ?? []);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      assert.throws(() => verify(none, altered(offered, { [path]: bytes })), isSignpostError);
    }),
    { numRuns: 300 },
  );
});

test('property: no flipped bit in what is signed of a root verifies, neither of the one at hand nor of the next', async () => {
  // Signed by just as many as have to: the signatures of more would not all be missed.
  const own = await makeRoot(keyring, keyring.root.slice(0, 2), now + 9000 * hour);
  const next = await makeRoot(keyring, keyring.root.slice(1), now + 9000 * hour, own.root);
  assert.equal(updateRoot(trustRoot(own.bytes), next.bytes).root.version, 2);
  fc.assert(
    fc.property(fc.constantFrom(own, next), fc.nat(), fc.nat(7), (root, at, bit) => {
      const bytes = Buffer.from(root.bytes);
      const index = at % bytes.length;
      bytes[index] = (bytes[index] ?? 0) ^ (1 << bit);
      assert.throws(
        () => (root === own ? trustRoot(bytes) : updateRoot(trustRoot(own.bytes), bytes)),
        isSignpostError,
      );
    }),
    { numRuns: 300 },
  );
});
