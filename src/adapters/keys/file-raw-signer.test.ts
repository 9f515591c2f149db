import assert from 'node:assert/strict';
import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { testRawSigner } from '../../../test/contracts/raw-signer.ts';
import { createRawKey } from '../../../test/fakes/raw-keys.ts';
import { createFileRawSigner } from './file-raw-signer.ts';

const key = createRawKey();
const file = (pem: string) => ({ name: 'release.pem', bytes: Buffer.from(pem) });
const secret = () => Promise.resolve('correct horse');
const never = () => Promise.reject(new Error('the passphrase was asked'));

function encrypted(type: 'pkcs8' | 'sec1'): string {
  const protection = { cipher: 'aes-256-cbc', passphrase: 'correct horse' };
  return createPrivateKey(key.pem).export({ type, format: 'pem', ...protection });
}

testRawSigner('PKCS #8 file', () => createFileRawSigner(file(key.pem), never));
testRawSigner('encrypted PKCS #8 file', () => createFileRawSigner(file(encrypted('pkcs8')), secret));
testRawSigner('encrypted SEC 1 file', () => createFileRawSigner(file(encrypted('sec1')), secret));
testRawSigner('SEC 1 file', () => {
  const pem = key.privateKey.export({ type: 'sec1', format: 'pem' });
  return createFileRawSigner(file(pem), never);
});

test('a wrong passphrase is denied, and not shown', async () => {
  const wrong = createFileRawSigner(file(encrypted('pkcs8')), () => Promise.resolve('battery staple'));
  await assert.rejects(wrong, (error: Error & { code: string }) => {
    assert.equal(error.code, 'DENIED');
    assert.match(error.message, /^cannot unlock release\.pem: /);
    assert.doesNotMatch(error.message, /battery/);
    return true;
  });
});

test('keys of other kinds, public keys and anything else are refused by name', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
  for (const [pem, message] of [
    [createRawKey('P-384').pem, /release\.pem is a key of kind ec secp384r1: expected ECDSA on P-256/],
    [rsa.export({ type: 'pkcs8', format: 'pem' }), /kind rsa 2048: expected ECDSA on P-256/],
    [key.publicPem, /release\.pem is not a private key in PEM/],
    ['', /release\.pem is not a private key in PEM/],
  ] as const) {
    await assert.rejects(createFileRawSigner(file(pem), never), { code: 'CONFIG_INVALID', message });
  }
});
