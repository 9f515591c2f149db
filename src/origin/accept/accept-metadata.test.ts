import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createNotaryKeyring,
  createNotaryMachine,
  fingerprintOf,
  makeNotaryRoot,
} from '../../../test/fakes/notary-world.ts';
import { createTufKeyring, createTufMachine, hour, makeRoot, tufTag } from '../../../test/fakes/tuf-world.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { formatTaggedReference, parseRegistryHost } from '../../oci/reference.ts';
import type { MetadataFile, MetadataFormat } from '../../trust/metadata-file.ts';
import { type MetadataDeps, type MetadataPolicy, judgeMetadata, placeMetadata } from './accept-metadata.ts';
import { settleMetadata } from './settle-metadata.ts';
import { renewTufTimestamp } from './verify-tuf-files.ts';

const now = Date.UTC(2026, 10, 23);
const registry = parseRegistryHost('images.example.org');
const keyring = createTufKeyring();
const root = await makeRoot(keyring, keyring.root, now + 9000 * hour);
const [timestampKey] = keyring.timestamp;
const tufOnly: MetadataPolicy = { tufRoot: root.bytes, notaryCertificates: new Set() };

/** An origin in memory; every tag that is asked for is published as `tufTag` has it, unless `lists` says otherwise. */
function createOrigin(policy: MetadataPolicy) {
  const files = new Map<string, Uint8Array>();
  const placed: string[] = [];
  const lists = new Map<string, Digest | undefined>();
  const metadataTree = {
    read: (path: string) => Promise.resolve(files.get(path)),
    place(path: string, bytes: Uint8Array) {
      files.set(path, bytes);
      placed.push(path);
      return Promise.resolve();
    },
  };
  const publications: MetadataDeps['publications'] = {
    findTag(repository, tag) {
      const name = formatTaggedReference({ repository, tag });
      const list = lists.has(name) ? lists.get(name) : tufTag(name).list;
      return Promise.resolve(list && { list });
    },
  };
  return {
    files,
    placed,
    lists,
    metadataTree,
    async accept(offered: readonly MetadataFile[], at = now) {
      const deps = { registry, metadataTree, metadata: policy, publications };
      const judged = await judgeMetadata(deps, offered, at);
      return placeMetadata(metadataTree, settleMetadata(registry, judged, []).sets);
    },
  };
}

function filesOf(format: MetadataFormat, offered: ReadonlyMap<string, Uint8Array>): readonly MetadataFile[] {
  return [...offered].map(([path, bytes]) => ({ format, path, bytes }));
}

test('TUF files are placed one after another, the timestamp last, and what is there is left alone', async () => {
  const origin = createOrigin(tufOnly);
  const machine = createTufMachine(keyring, [root.bytes]);
  await origin.accept(filesOf('tuf', (await machine.sign(['a:1', 'b/c:1'], now)).offered));
  assert.equal(origin.placed.at(-1), 'tuf/timestamp.json');
  origin.placed.length = 0;
  const [outcome] = await origin.accept(filesOf('tuf', (await machine.sign(['a:2'], now)).offered));
  assert.deepEqual(outcome, { format: 'tuf', placed: 4, expires: now + 20 * hour });
  assert.deepEqual(origin.placed.toSorted(), [
    'tuf/2.repository~a.json',
    'tuf/2.snapshot.json',
    'tuf/2.targets.json',
    'tuf/timestamp.json',
  ]);
});

test('metadata that names another list than the published one is refused, and nothing is placed', async () => {
  const origin = createOrigin(tufOnly);
  origin.lists.set('a:1', digestOf('other'));
  const machine = createTufMachine(keyring, [root.bytes]);
  const [outcome] = await origin.accept(filesOf('tuf', (await machine.sign(['a:1'], now)).offered));
  assert.ok(outcome !== undefined && 'refused' in outcome);
  assert.match(outcome.refused, /says that a:1 is sha256:.*, but sha256:.* is published/);
  assert.deepEqual(origin.placed, []);
});

test('files of a format that nothing is configured for are left out', async () => {
  const origin = createOrigin({ notaryCertificates: new Set() });
  const machine = createTufMachine(keyring, [root.bytes]);
  const files = filesOf('tuf', (await machine.sign(['a:1'], now)).offered);
  assert.deepEqual(await origin.accept(files), []);
  assert.deepEqual(origin.placed, []);
});

test('a key at the origin makes the timestamp, renews it, and cannot do more', async () => {
  assert.ok(timestampKey);
  const timestamp = { signer: timestampKey, life: 2 * hour };
  const origin = createOrigin({ ...tufOnly, tufTimestamp: timestamp });
  const deps = { registry, metadataTree: origin.metadataTree, tufRoot: root.bytes };
  await assert.rejects(renewTufTimestamp(deps, timestamp, now), { code: 'NOT_FOUND' });
  const machine = createTufMachine(keyring, [root.bytes]);
  const { offered } = await machine.sign(['a:1'], now, { timestamp: [] });
  const [outcome] = await origin.accept(filesOf('tuf', offered));
  assert.ok(outcome !== undefined && 'placed' in outcome);
  assert.equal(outcome.expires, now + 2 * hour);

  const renewed = await renewTufTimestamp(deps, timestamp, now + 3 * hour);
  assert.deepEqual(
    renewed.files.map(({ path }) => path),
    ['tuf/timestamp.json'],
  );
  assert.equal(renewed.expires, now + 5 * hour);
  // The snapshot's life is the signer's to give.
  await assert.rejects(renewTufTimestamp(deps, timestamp, now + 201 * hour), /snapshot\.json expired/);
  const stolen = { signer: createTufKeyring().timestamp[0] ?? timestampKey, life: hour };
  await assert.rejects(renewTufTimestamp(deps, stolen, now), { code: 'TRUST' });
});

test('Notary v1 is judged for each repository by itself', async () => {
  const keys = await createNotaryKeyring('images.example.org/*', now);
  const notaryRoot = await makeNotaryRoot(keys, now + 9000 * hour);
  const machine = createNotaryMachine('images.example.org');
  const { offered } = await machine.sign(keys, [notaryRoot.bytes], ['a:1', 'b:1'], now);
  const origin = createOrigin({ notaryCertificates: new Set([fingerprintOf(keys)]) });
  origin.lists.set('b:1', digestOf('other'));
  const outcomes = await origin.accept(filesOf('notary', offered));
  assert.deepEqual(
    outcomes.map((outcome) => [outcome.collection, 'placed' in outcome]),
    [
      ['images.example.org/a', true],
      ['images.example.org/b', false],
    ],
  );
  assert.ok(origin.placed.every((path) => path.startsWith('v2/images.example.org/a/_trust/tuf/')));
  assert.equal(origin.placed.at(-1), 'v2/images.example.org/a/_trust/tuf/timestamp.json');
});

test('paths of another registry, of no collection, or that climb are refused', async () => {
  const keys = await createNotaryKeyring('images.example.org/*', now);
  const origin = createOrigin({ ...tufOnly, notaryCertificates: new Set([fingerprintOf(keys)]) });
  const bytes = Buffer.from('{}');
  for (const path of [
    'evil.example/a/_trust/tuf/root.json',
    'images.example.org/../x/_trust/tuf/root.json',
    'x',
  ]) {
    const [outcome] = await origin.accept([{ format: 'notary', path, bytes }]);
    assert.ok(outcome !== undefined && 'refused' in outcome, path);
  }
  const [outcome] = await origin.accept([{ format: 'tuf', path: '../publication.json', bytes }]);
  assert.ok(outcome !== undefined && 'refused' in outcome);
  assert.deepEqual(origin.placed, []);
});
