import assert from 'node:assert/strict';
import { type KeyObject, constants, generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { foreignCanonicalJson } from '../canonical-json.ts';
import { checkSignatures } from './check-signatures.ts';
import { contentMatches } from './content-matches.ts';
import { readMetadata } from './read-metadata.ts';
import { readStrictMetadata } from './read-strict-metadata.ts';

type Json = Readonly<Record<string, unknown>>;

interface TestKey {
  readonly id: string;
  readonly key: Json;
  readonly sign: (bytes: Uint8Array) => string;
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' });

function createKey(kind: 'ed25519' | 'p256' | 'old-p256' | 'p384' | 'rsa'): TestKey {
  if (kind === 'ed25519') {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const raw = hex(publicKey.export({ type: 'spki', format: 'der' }).subarray(12));
    const key = { keytype: 'ed25519', scheme: 'ed25519', keyval: { public: raw } };
    return { id: kind, key, sign: (bytes) => hex(sign(null, bytes, privateKey)) };
  }
  if (kind === 'rsa') {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: pem(publicKey) } };
    const options = { key: privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };
    return { id: kind, key, sign: (bytes) => hex(sign('sha256', bytes, options)) };
  }
  const [curve, hash] = kind === 'p384' ? ['P-384', 'sha384'] : ['P-256', 'sha256'];
  const scheme = kind === 'p384' ? 'ecdsa-sha2-nistp384' : 'ecdsa-sha2-nistp256';
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: curve ?? '' });
  const keytype = kind === 'old-p256' ? scheme : 'ecdsa';
  const key = { keytype, scheme, keyval: { public: pem(publicKey) } };
  return { id: kind, key, sign: (bytes) => hex(sign(hash, bytes, privateKey)) };
}

const keys = (['ed25519', 'p256', 'old-p256', 'p384', 'rsa'] as const).map(createKey);

function signed(content: Json, signers: readonly TestKey[], more: readonly Json[] = []): Buffer {
  const bytes = Buffer.from(foreignCanonicalJson(content));
  const signatures = signers.map((key) => ({ keyid: key.id, sig: key.sign(bytes) }));
  return Buffer.from(JSON.stringify({ signatures: [...signatures, ...more], signed: content }, null, 1));
}

const common = { spec_version: '1.0.0', version: 3, expires: '2030-01-01T00:00:00Z' };
const role = { keyids: keys.map(({ id }) => id), threshold: keys.length };
const root = {
  _type: 'root',
  ...common,
  consistent_snapshot: true,
  keys: Object.fromEntries(keys.map(({ id, key }) => [id, key])),
  roles: { root: role, timestamp: role, snapshot: role, targets: role },
};

function verifyRoot(bytes: Uint8Array): void {
  const file = readMetadata(bytes, 'root', 'it');
  checkSignatures(file, file.signed.keys, file.signed.roles.root, 'it');
}

test('keys of every usual kind are verified', () => {
  assert.doesNotThrow(() => verifyRoot(signed(root, keys)));
  for (const missing of keys) {
    const bytes = signed(
      root,
      keys.filter((key) => key !== missing),
    );
    assert.throws(() => verifyRoot(bytes), { code: 'TRUST', message: /by 4 of the keys.* 5 are needed/ });
  }
});

test('unknown fields are passed over, and are part of what is signed', () => {
  const [first] = keys;
  assert.ok(first !== undefined);
  const more = {
    ...root,
    'x-owner': { name: 'Zoë \u{1F511}', ﬀ: 1, '\u{10000}': [null, true, -5], deep: [[[[[[[[[[1]]]]]]]]]] },
    keys: { ...root.keys, [first.id]: { ...first.key, keyid_hash_algorithms: ['md5'] } },
    roles: { ...root.roles, mirrors: { keyids: [], threshold: 1 }, root: { ...role, note: 'x' } },
  };
  const bytes = signed(more, keys);
  assert.doesNotThrow(() => verifyRoot(bytes));
  const changed = Buffer.from(bytes.toString().replace('Zoë', 'Zoe'));
  assert.throws(() => verifyRoot(changed), { code: 'TRUST' });
  assert.throws(() => readStrictMetadata(bytes, 'root', 'it'), { code: 'REQUEST_INVALID' });
});

test('one key under two names, or signing twice, counts once', () => {
  const [first] = keys;
  assert.ok(first !== undefined);
  const twin = { ...first, id: 'twin' };
  const twice = { keyids: [first.id, first.id, 'twin', 'absent'], threshold: 2 };
  const content = {
    ...root,
    keys: { ...root.keys, twin: { ...first.key, note: 'another name' } },
    roles: { ...root.roles, root: twice },
  };
  assert.throws(() => verifyRoot(signed(content, [first, twin])), { code: 'TRUST', message: /by 1 of/ });
  assert.throws(() => verifyRoot(signed(content, [first, first])), {
    code: 'REQUEST_INVALID',
    message: /two of one key/,
  });
});

test('signatures that are empty, damaged or by keys of unknown kinds spoil nothing', () => {
  const unknown = { keytype: 'sphincs', scheme: 'sphincs-shake', keyval: { public: 'x' } };
  const content = {
    ...root,
    keys: { ...root.keys, constructor: unknown },
    roles: {
      ...root.roles,
      root: { ...role, keyids: [...role.keyids, 'somebody', 'constructor', 'toString', '__proto__'] },
    },
  };
  const more = [
    { keyid: 'constructor', sig: '00' },
    { keyid: 'toString', sig: '00' },
    { keyid: '__proto__', sig: '00' },
    { keyid: 'somebody', sig: '' },
    { keyid: 'somebody else', sig: 'not hexadecimal' },
    { keyid: 'nobody', sig: 'ff', cert: 'x' },
  ];
  assert.doesNotThrow(() => verifyRoot(signed(content, keys, more)));
});

test('lengths, hashes and custom are optional, and times may have zones', () => {
  const meta = { 'snapshot.json': { version: 9 } };
  const timestamp = { _type: 'timestamp', ...common, expires: '2030-01-01T01:02:03.99-06:00', meta };
  assert.deepEqual(readMetadata(signed(timestamp, []), 'timestamp', 'it').signed.meta, meta);
  const file = { length: 0, hashes: { sha512: 'ab', 'blake2b-256': 'cd' }, custom: { any: ['thing'] } };
  const targets = { _type: 'targets', ...common, targets: { 'a b/ü': file } };
  const read = readMetadata(signed(targets, []), 'targets', 'it').signed;
  assert.deepEqual(read.targets['a b/ü'], { length: 0, hashes: file.hashes });
  assert.equal(read.delegations, undefined);
});

test('what is no metadata of the type is refused', () => {
  const delegating = (delegations: unknown) => ({ _type: 'targets', ...common, targets: {}, delegations });
  const delegated = { name: 'r', keyids: [], threshold: 1, terminating: false };
  const cases: readonly [unknown, 'root' | 'targets' | 'snapshot'][] = [
    [null, 'root'],
    [[], 'root'],
    [{ ...root, _type: 'targets' }, 'root'],
    [{ ...root, version: 0 }, 'root'],
    [{ ...root, version: '3' }, 'root'],
    [{ ...root, spec_version: '2.0.0' }, 'root'],
    [{ ...root, expires: 'soon' }, 'root'],
    [{ ...root, consistent_snapshot: 'yes' }, 'root'],
    [{ ...root, roles: { root: role } }, 'root'],
    [{ ...root, roles: { ...root.roles, root: { keyids: [], threshold: 0 } } }, 'root'],
    [{ ...root, keys: { a: { keytype: 'rsa' } } }, 'root'],
    [{ _type: 'snapshot', ...common, meta: { 'a.json': {} } }, 'snapshot'],
    [{ _type: 'targets', ...common, targets: { a: { length: 1 } } }, 'targets'],
    [delegating({ keys: {}, roles: [delegated] }), 'targets'],
    [delegating({ keys: {}, roles: [{ ...delegated, paths: ['a'], path_hash_prefixes: ['0'] }] }), 'targets'],
    [delegating({ keys: {}, roles: [{ ...delegated, name: 'root', paths: ['a'] }] }), 'targets'],
    [
      delegating({
        keys: {},
        roles: [
          { ...delegated, paths: ['a'] },
          { ...delegated, paths: ['b'] },
        ],
      }),
      'targets',
    ],
    [delegating({ keys: {}, roles: [], succinct_roles: {} }), 'targets'],
  ];
  for (const [content, type] of cases) {
    const bytes = Buffer.from(JSON.stringify({ signatures: [], signed: content }));
    assert.throws(() => readMetadata(bytes, type, 'it'), { code: 'REQUEST_INVALID' }, bytes.toString());
  }
});

test('content is compared with all that is said of it', () => {
  const bytes = Buffer.from('abc');
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  assert.ok(contentMatches(bytes, {}));
  assert.ok(contentMatches(bytes, { length: 3, hashes: { sha256, 'blake2b-256': 'unknown' } }));
  assert.ok(!contentMatches(bytes, { length: 4, hashes: { sha256 } }));
  assert.ok(!contentMatches(bytes, { hashes: { sha256, sha512: sha256 } }));
  assert.ok(!contentMatches(bytes, { hashes: { 'blake2b-256': sha256 } }), 'nothing that can be checked');
});
