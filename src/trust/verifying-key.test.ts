import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCosignVector } from '../../test/fakes/cosign-vectors.ts';
import { parseVerifyingKey, parseVerifyingKeys } from './verifying-key.ts';

const key = readCosignVector('key.pub');

test('a file may hold several keys, each with a fingerprint of its own', () => {
  const keys = parseVerifyingKeys(Buffer.concat([key, readCosignVector('other.pub')]), 'both');
  assert.equal(new Set(keys.map(({ fingerprint }) => fingerprint)).size, 2);
  assert.match(keys[0]?.fingerprint ?? '', /^[0-9A-F]{64}$/);
});

test('what is no public key on P-256 is refused, and said what it is', () => {
  for (const [bytes, message] of [
    [readCosignVector('p384.pub'), /type ec secp384r1: expected ECDSA on P-256/],
    [readCosignVector('rsa2048.pub'), /type rsa 2048: expected ECDSA on P-256/],
    [readCosignVector('key.pem'), /holds a "PRIVATE KEY": expected "PUBLIC KEY"/],
    [Buffer.from('nothing'), /holds 0 PEM blocks/],
    [Buffer.from(key.toString().replace('MFk', 'MFl')), /no public key that can be read/],
  ] as const) {
    assert.throws(() => parseVerifyingKeys(bytes, 'the file'), { code: 'CONFIG_INVALID', message });
  }
  assert.throws(() => parseVerifyingKey(Buffer.from('x'), 'it'), { code: 'CONFIG_INVALID' });
});
