import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { readCosignVector } from '../../../test/fakes/cosign-vectors.ts';
import { decryptCosignKey } from './cosign-key-file.ts';
import { createFileRawSigner } from './file-raw-signer.ts';

const bytes = readCosignVector('locked.key');
const open = (content: Uint8Array, passphrase: string) =>
  createFileRawSigner({ name: 'cosign.key', bytes: content }, () => Promise.resolve(passphrase));

test('a key that cosign has encrypted is opened with its passphrase', async () => {
  const signer = await open(bytes, 'correct horse');
  const expected = createPublicKey(readCosignVector('key.pub')).export({ type: 'spki', format: 'der' });
  assert.deepEqual(Buffer.from(signer.publicKey), expected);
});

test('a wrong passphrase and a damaged key are told apart', async () => {
  await assert.rejects(open(bytes, 'wrong'), { code: 'DENIED', message: /passphrase is wrong/ });
  const [begin = '', ...rest] = bytes.toString().trim().split('\n');
  const end = rest.pop() ?? '';
  const json = Buffer.from(rest.join(''), 'base64').toString();
  const change = (from: string, to: string) => {
    assert.ok(json.includes(from), from);
    return `${begin}\n${Buffer.from(json.replace(from, to)).toString('base64')}\n${end}\n`;
  };
  for (const [from, to, message] of [
    ['"N":65536', '"N":4294967296', /N is "4294967296": expected a power of two/],
    ['"N":65536', '"N":65537', /expected a power of two/],
    ['"r":8', '"r":9', /r is "9"/],
    ['"p":1', '"p":1000', /p is "1000"/],
    ['scrypt', 'argon2', /kdf name is "argon2"/],
    ['nacl/secretbox', 'none', /cipher name is "none"/],
    ['"kdf":', '"more":0,"kdf":', /unknown field "more"/],
  ] as const) {
    const pem = change(from, to);
    assert.throws(() => decryptCosignKey(pem, 'correct horse', 'cosign.key'), {
      code: 'CONFIG_INVALID',
      message,
    });
  }
});
