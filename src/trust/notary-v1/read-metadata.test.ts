import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestHex, digestOf } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { certificateOf, notarySignatureHolds } from './key.ts';
import type { NotaryKeys, NotaryMetadata, NotaryRole, NotarySigned } from './metadata.ts';
import { notaryFileMeta, notarySignedBytes } from './next-metadata.ts';
import { readNotaryFile } from './read-metadata.ts';

// Made by Debian's notary: test/vectors/notary-v1/make.sh.
const vector = (name: string) =>
  readFileSync(join(import.meta.dirname, '../../../test/vectors/notary-v1', `${name}.json`));
const root = readNotaryFile(vector('root'), 'Root', 'root').signed;

/** How many of the role's keys signed. */
function signatures(
  { signed, signatures: all }: NotarySigned<NotaryMetadata>,
  role: NotaryRole,
  keys: NotaryKeys,
): number {
  const bytes = notarySignedBytes(signed);
  return all.filter(({ keyid, sig }) => {
    const key = root.roles[role].keyids.includes(keyid) ? keys[keyid] : undefined;
    return key !== undefined && notarySignatureHolds(key, bytes, sig);
  }).length;
}

test('what the notary client signed is read, and its signatures hold', () => {
  assert.equal(signatures(readNotaryFile(vector('root'), 'Root', 'root'), 'root', root.keys), 1);
  const targets = readNotaryFile(vector('targets'), 'Targets', 'targets');
  assert.equal(signatures(targets, 'targets', root.keys), 1);
  const sha256 = Buffer.from(targets.signed.targets['41']?.hashes.sha256 ?? '', 'base64').toString('hex');
  assert.equal(sha256, digestHex(digestOf('list')));
  assert.deepEqual(
    targets.signed.delegations.roles.map(({ name, paths }) => [name, paths]),
    [['targets/releases', ['']]],
  );
  const snapshot = readNotaryFile(vector('snapshot'), 'Snapshot', 'snapshot');
  assert.equal(signatures(snapshot, 'snapshot', root.keys), 1);
  assert.equal(snapshot.signed.meta.targets?.hashes.sha256, notaryFileMeta(vector('targets')).hashes.sha256);
  assert.equal(snapshot.signed.meta.root?.length, vector('root').length);
});

test('a root of the notary client carries a certificate for its collection', () => {
  const keys = root.roles.root.keyids.map((id) => root.keys[id]);
  const [subject] = keys.map((key) => key && certificateOf(key)?.subject);
  assert.equal(subject, 'CN=images.example.org/fedora/base');
});

test('damaged copies are refused', () => {
  const text = vector('targets').toString();
  const damaged: Readonly<Record<string, string>> = {
    'another tag': text.replace('"41":', '"42":'),
    'another length': text.replace('"length":4', '"length":5'),
    'a later expiry': text.replace(/"expires":"20/, '"expires":"21'),
    'another version': text.replace('"version":2', '"version":3'),
    'no delegations': text.replace(/"delegations":\{.*?\]\}/s, '"delegations":{"keys":{},"roles":[]}'),
    'another signature': text.replace(/"sig":"(.)/, (_, first) => `"sig":"${first === 'A' ? 'B' : 'A'}`),
    'a key twice': text.replace('"version":2', '"version":2,"version":2'),
    'something after it': `${text}{}`,
    'its end cut off': text.slice(0, -1),
    'an unknown field': text.replace('"version":2', '"version":2,"extra":1'),
    'an unknown method': text.replace('"method":"ecdsa"', '"method":"none"'),
    'another type': text.replace('"Targets"', '"Snapshot"'),
    'a key under another identifier': text.replace(/"keys":\{"./, (start) => `${start.slice(0, -1)}z`),
  };
  for (const [name, copy] of Object.entries(damaged)) {
    assert.notEqual(copy, text, name);
    let held = 0;
    try {
      held = signatures(readNotaryFile(Buffer.from(copy), 'Targets', 'targets'), 'targets', root.keys);
    } catch (error) {
      assert.ok(isSignpostError(error), name);
    }
    assert.equal(held, 0, name);
  }
});
