import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createMemoryRemoteMetadata } from '../../test/fakes/memory-remote-metadata.ts';
import { createMemorySeenMetadata } from '../../test/fakes/memory-seen-metadata.ts';
import {
  type TufKeyring,
  createTufKeyring,
  createTufMachine,
  hour,
  makeRoot,
} from '../../test/fakes/tuf-world.ts';
import { digestOf } from '../oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../oci/reference.ts';
import type { SeenMetadata } from '../ports/seen-metadata.ts';
import { sealMetadata } from '../signer/seal-metadata.ts';
import { foreignCanonicalJson } from '../trust/canonical-json.ts';
import { keyIdOf, tufKeyOf } from '../trust/tuf/key.ts';
import { fileMetaOf } from '../trust/tuf/next-metadata.ts';
import { readStrictMetadata } from '../trust/tuf/read-strict-metadata.ts';
import type { Step } from '../trust/verify/step.ts';
import { createRequirementPolicy } from './requirement-policy.ts';
import { createTufReader } from './tuf-reader.ts';

const now = Date.UTC(2026, 10, 23);
const host = parseRegistryHost('images.example.org');
const keyring = createTufKeyring();
const first = await makeRoot(keyring, keyring.root, now + 9000 * hour);
type Files = ReadonlyMap<string, Uint8Array>;

async function publish(...references: string[]): Promise<Files> {
  return (await createTufMachine(keyring, [first.bytes]).sign(references, now)).offered;
}

interface Asking {
  readonly name?: string;
  readonly repository?: string;
  readonly tag?: string;
  readonly at?: number;
  readonly seen?: SeenMetadata;
  readonly root?: Uint8Array;
}

/** Judges `name`'s list under the tag that is asked for. */
async function verify(files: Files, asking: Asking = {}): Promise<Step> {
  const { repository = 'fedora/base', tag = '41', at = now, seen, root = first.bytes } = asking;
  const name = asking.name ?? `${repository}:${tag}`;
  const remote = createMemoryRemoteMetadata(
    () => new Map([...files].map(([path, bytes]) => [`tuf/${path}`, bytes])),
  );
  const leaf = { kind: 'named', format: 'tuf' } as const;
  const reader = createTufReader({ remote, root, ...(seen === undefined ? {} : { seen }) });
  const policy = createRequirementPolicy(
    leaf,
    { name: { match: 'tag' } },
    { signatures: new Map(), metadata: new Map([[leaf, reader]]) },
  );
  const asked = { host, repository: parseRepositoryName(repository), reference: parseTagName(tag) };
  const content = { digest: digestOf(name), mediaType: 'application/json', size: name.length };
  const { step } = await policy.judge({ asked, content, list: content.digest, envelopes: new Map() }, at);
  return step;
}

function without(files: Files, ...paths: readonly string[]): Files {
  return new Map([...files].filter(([path]) => !paths.includes(path)));
}

function changed(files: Files, path: string, bytes: Uint8Array): Files {
  return new Map([...files, [path, bytes]]);
}

const good = await publish('fedora/base:41', 'fedora/base:40', 'debian/base:1');

test('a tag that the metadata names holds, and each role is a step', async () => {
  const step = await verify(good);
  assert.ok(step.ok, step.detail ?? '');
  assert.deepEqual(
    step.steps?.map(({ name }) => name),
    ['root role', 'timestamp role', 'snapshot role', 'targets role', 'role repository~fedora~base'],
  );
  assert.match(step.steps?.[1]?.detail ?? '', /^version 1, until 2026-11-23T20:00:00/);
});

test('what is wrong has a reason of its own', async () => {
  const thief = createTufKeyring();
  const timestamp = readStrictMetadata(
    good.get('timestamp.json') ?? new Uint8Array(),
    'timestamp',
    'test',
  ).signed;
  const forged = (await sealMetadata({ ...timestamp, version: 9 }, thief.timestamp)).bytes;
  const cases: readonly [string, RegExp, Files, Asking?][] = [
    ['missing', /the registry has no \/tuf\/timestamp\.json/, new Map()],
    ['missing', /the registry has no \/tuf\/1\.snapshot\.json/, without(good, '1.snapshot.json')],
    ['missing', /does not name "images\.example\.org\/fedora\/base:42"/, good, { tag: '42', name: 'new' }],
    ['missing', /does not name images\.example\.org\/other at all/, good, { repository: 'other' }],
    ['forged', /signed by 0 of the keys/, changed(good, 'timestamp.json', forged)],
    ['forged', /is not the file/, changed(good, '1.targets.json', Buffer.from('{}'))],
    ['forged', /has more than 16384 bytes/, changed(good, 'timestamp.json', Buffer.alloc(20_000, ' '))],
    ['expired', /version 1 expired on 2026-11-23T20/, good, { at: now + 21 * hour }],
    ['expired', /root role: version 1 expired/, good, { at: now + 9001 * hour }],
    ['wrong-reference', /for another name: for .*fedora\/base:40/, good, { name: 'fedora/base:40' }],
    ['wrong-digest', /it names sha256:.* for .*:41", not sha256/, good, { name: 'something else' }],
  ];
  for (const [reason, message, files, asking] of cases) {
    const step = await verify(files, asking);
    assert.equal(step.ok, false, reason);
    assert.equal(step.reason, reason, step.detail ?? '');
    assert.match(step.detail ?? '', message);
  }
});

test('an older state, whole or in part, is a rollback for who has seen the newer one', async () => {
  const machine = createTufMachine(keyring, [first.bytes]);
  const old = (await machine.sign(['fedora/base:41'], now)).offered;
  await machine.sign(['fedora/base:40'], now);
  const seen = createMemorySeenMetadata();
  assert.ok((await verify(old, { seen })).ok);
  assert.ok((await verify(machine.published, { seen })).ok);
  const back = await verify(old, { seen });
  assert.equal(back.reason, 'rollback', back.detail ?? '');
  assert.ok((await verify(old)).ok, 'who has seen nothing cannot know');
  assert.ok((await verify(machine.published, { seen })).ok);
});

test('what was verified is remembered, although the image that was asked for does not hold', async () => {
  const machine = createTufMachine(keyring, [first.bytes]);
  const old = (await machine.sign(['fedora/base:41'], now)).offered;
  await machine.sign(['fedora/base:41'], now);
  const seen = createMemorySeenMetadata();
  assert.equal((await verify(machine.published, { seen, tag: '99' })).reason, 'missing');
  assert.equal((await verify(old, { seen })).reason, 'rollback');
});

test('a timestamp stays remembered whose snapshot, or whose targets, then fail', async () => {
  for (const file of ['2.snapshot.json', '2.targets.json', '2.repository~fedora~base.json']) {
    for (const damage of [without, (files: Files) => changed(files, file, Buffer.from('{}'))]) {
      const machine = createTufMachine(keyring, [first.bytes]);
      const old = (await machine.sign(['fedora/base:41'], now)).offered;
      await machine.sign(['fedora/base:41'], now);
      const seen = createMemorySeenMetadata();
      assert.ok((await verify(old, { seen })).ok);
      assert.equal((await verify(damage(machine.published, file), { seen })).ok, false);
      const back = await verify(old, { seen });
      assert.equal(back.reason, 'rollback', `${file}: ${back.detail ?? ''}`);
      assert.ok((await verify(machine.published, { seen })).ok, 'the whole one holds afterwards');
    }
  }
});

test('a timestamp of the version that is known replaces nothing, and an expired one is not remembered', async () => {
  const machine = createTufMachine(keyring, [first.bytes]);
  const { offered } = await machine.sign(['fedora/base:41'], now);
  const seen = createMemorySeenMetadata();
  assert.ok((await verify(offered, { seen })).ok);
  const before = readStrictMetadata(
    offered.get('timestamp.json') ?? new Uint8Array(),
    'timestamp',
    'test',
  ).signed;
  const meta = { 'snapshot.json': { ...before.meta['snapshot.json'], version: 100 } };
  const twin = (await sealMetadata({ ...before, meta }, keyring.timestamp)).bytes;
  assert.ok((await verify(changed(offered, 'timestamp.json', twin), { seen })).ok);
  const remembered = (await seen.find('tuf images.example.org')).get('timestamp.json');
  assert.deepEqual(remembered, offered.get('timestamp.json'));
  const late = { ...before, version: 9, expires: '2026-11-01T00:00:00Z' };
  const expired = (await sealMetadata(late, keyring.timestamp)).bytes;
  assert.equal((await verify(changed(offered, 'timestamp.json', expired), { seen })).reason, 'expired');
  assert.ok((await verify(offered, { seen })).ok);
});

test('what is known and still named is not fetched again', async () => {
  const seen = createMemorySeenMetadata();
  assert.ok((await verify(good, { seen })).ok);
  const files = without(good, '1.snapshot.json', '1.targets.json', '1.repository~fedora~base.json');
  assert.ok((await verify(files, { seen })).ok);
});

test('roots are followed, from whichever is at hand, and a withheld one is a rollback', async () => {
  const later = { ...keyring, timestamp: createTufKeyring().timestamp };
  const second = await makeRoot(later, keyring.root, now + 9000 * hour, first.root);
  const machine = createTufMachine(keyring, [first.bytes]);
  const old = (await machine.sign(['fedora/base:41'], now)).offered;
  const { offered } = await machine.sign(['fedora/base:41'], now, later, [first.bytes, second.bytes]);
  const files = new Map([...machine.published, ...offered]);
  const seen = createMemorySeenMetadata();
  assert.ok((await verify(old, { seen })).ok);
  assert.ok((await verify(files, { seen, root: second.bytes })).ok, 'a root at hand newer than the one seen');
  assert.ok((await verify(files, { seen })).ok);
  const held = await verify(without(files, '2.root.json'), { seen });
  assert.equal(held.reason, 'rollback', held.detail ?? '');
  const other = await makeRoot(createTufKeyring(), keyring.root, now + 9000 * hour, first.root);
  assert.equal((await verify(changed(files, '2.root.json', other.bytes), { seen })).reason, 'forged');
  const twin = await makeRoot(later, keyring.root, now + 8000 * hour, first.root);
  assert.equal((await verify(changed(files, '2.root.json', twin.bytes), { seen })).reason, 'rollback');
});

test('a mirror cannot lead on for ever: roots are counted', async () => {
  const files = new Map(good);
  let root = first.root;
  for (let version = 2; version <= 260; version += 1) {
    const next = await makeRoot(keyring, keyring.root.slice(0, 2), now + 9000 * hour, root);
    files.set(`${version}.root.json`, next.bytes);
    root = next.root;
  }
  const step = await verify(files);
  assert.equal(step.reason, 'forged');
  assert.match(step.detail ?? '', /more than 256 roots/);
});

test('a target whose path and name differ is refused', async () => {
  const role = readStrictMetadata(
    good.get('1.repository~fedora~base.json') ?? new Uint8Array(),
    'targets',
    'test',
  );
  const { targets } = role.signed;
  const [one, two] = [targets['fedora/base/40'], targets['fedora/base/41']];
  assert.ok(one !== undefined && two !== undefined);
  const swapped = { 'fedora/base/40': two, 'fedora/base/41': one };
  const files = await resign({ ...role.signed, targets: swapped });
  const step = await verify(files);
  assert.equal(step.reason, 'forged');
  assert.match(step.detail ?? '', /the target "fedora\/base\/4[01]" is for/);

  /** Everything above the role is signed anew, by the right keys. */
  async function resign(metadata: typeof role.signed): Promise<Files> {
    const { bytes: roleBytes } = await sealMetadata(metadata, keyring.targets);
    const name = 'repository~fedora~base.json';
    const snapshot = readStrictMetadata(
      good.get('1.snapshot.json') ?? new Uint8Array(),
      'snapshot',
      'test',
    ).signed;
    const meta = { ...snapshot.meta, [name]: fileMetaOf(roleBytes, metadata) };
    const { bytes: snapshotBytes } = await sealMetadata({ ...snapshot, meta }, keyring.snapshot);
    const top = readStrictMetadata(
      good.get('timestamp.json') ?? new Uint8Array(),
      'timestamp',
      'test',
    ).signed;
    const timestamp = { ...top, meta: { 'snapshot.json': fileMetaOf(snapshotBytes, snapshot) } };
    const { bytes: timestampBytes } = await sealMetadata(timestamp, keyring.timestamp);
    return new Map([
      ...good,
      [`1.${name}`, roleBytes],
      ['1.snapshot.json', snapshotBytes],
      ['timestamp.json', timestampBytes],
    ]);
  }
});

/** Metadata as another tool might write it, signed by these keys. */
async function foreign(content: object, signers: TufKeyring['targets']): Promise<Uint8Array> {
  const bytes = Buffer.from(foreignCanonicalJson(content));
  const signatures = await Promise.all(
    signers.map(async (signer) => ({
      keyid: keyIdOf(tufKeyOf(signer.publicKey)),
      sig: Buffer.from(await signer.sign(bytes)).toString('hex'),
    })),
  );
  return Buffer.from(JSON.stringify({ signed: content, signatures }, null, 2));
}

async function publishForeign(delegation: object, role: string, targets: object): Promise<Files> {
  const common = { spec_version: '1.0.0', version: 1, expires: '2027-01-01T00:00:00Z', 'x-tool': 'another' };
  const [signer] = keyring.targets;
  assert.ok(signer !== undefined);
  const key = tufKeyOf(signer.publicKey);
  const delegated = { name: role, keyids: [keyIdOf(key)], threshold: 1, terminating: false, ...delegation };
  const delegations = { keys: { [keyIdOf(key)]: key }, roles: [delegated] };
  const meta = { 'targets.json': { version: 1 }, [`${role}.json`]: { version: 1 } };
  const top = { _type: 'targets', ...common, targets: {}, delegations };
  const named = { 'snapshot.json': { version: 1 } };
  return new Map([
    ['timestamp.json', await foreign({ _type: 'timestamp', ...common, meta: named }, keyring.timestamp)],
    ['1.snapshot.json', await foreign({ _type: 'snapshot', ...common, meta }, keyring.snapshot)],
    ['1.targets.json', await foreign(top, keyring.targets)],
    [
      `1.${encodeURIComponent(role)}.json`,
      await foreign({ _type: 'targets', ...common, targets }, keyring.targets),
    ],
  ]);
}

test('metadata that another tool made is followed: any delegation, no custom, no lengths, other fields', async () => {
  const target = (name: string) => ({ length: name.length, hashes: { sha256: digestOf(name).slice(7) } });
  const targets = {
    'fedora/base/41': target('fedora/base:41'),
    'fedora/base/40': { ...target('fedora/base:40'), custom: { anything: [1, { deep: ['é'] }] } },
    'README.md': target('a file of another kind'),
  };
  const prefix = digestOf('fedora/base/41').slice(7, 9);
  for (const delegation of [{ paths: ['*.md', 'fedora/*/*'] }, { path_hash_prefixes: [prefix] }]) {
    const files = await publishForeign(delegation, 'other/rôle', targets);
    const step = await verify(files);
    assert.ok(step.ok, step.detail ?? '');
    assert.match(step.steps?.at(-1)?.name ?? '', /other\/rôle/);
  }
  const paths = await publishForeign({ paths: ['fedora/*/*'] }, 'other', targets);
  assert.ok((await verify(paths, { tag: '40' })).ok);
  assert.equal((await verify(paths, { tag: '39' })).reason, 'missing');
  const elsewhere = await publishForeign({ paths: ['debian/*/*'] }, 'other', targets);
  assert.equal((await verify(elsewhere)).reason, 'missing', 'a role that may not sign the path is not asked');
  const byHash = await publishForeign({ path_hash_prefixes: [prefix] }, 'other', targets);
  const other = await verify(byHash, { tag: '40' });
  assert.equal(other.reason, 'missing', 'of a role that is asked, only the paths that it may sign count');
});

test('property: no flipped bit in any file that is read verifies', async () => {
  const paths = [...good.keys()].filter((path) => path !== '1.root.json' && !path.includes('debian'));
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
