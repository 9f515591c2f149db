import { scryptSync } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { SignpostError } from '../../oci/errors.ts';
import { constantOf, isCount, objectOf, readBase64, valueOf } from '../../trust/json-reader.ts';
import { parseStrictJson } from '../../trust/strict-json.ts';

const blockPattern =
  /^-----BEGIN ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]{1,16384})-----END ENCRYPTED (?:SIGSTORE|COSIGN) PRIVATE KEY-----\s*$/;

/** Whether PEM text holds what `cosign generate-key-pair` and `import-key-pair` write. */
export function isCosignKey(pem: string): boolean {
  return blockPattern.test(pem);
}

/**
 * Opens a key that cosign has encrypted: JSON with scrypt's parameters and a NaCl secretbox (go-securesystemslib,
 * encrypted/encrypted.go).
 * @returns DER PKCS #8
 * @throws SignpostError CONFIG_INVALID, DENIED when the passphrase is wrong
 */
export function decryptCosignKey(pem: string, passphrase: string, name: string): Uint8Array {
  const { salt, cost, nonce, ciphertext } = parseBlock(pem, name);
  const memory = 128 * cost.N * cost.r;
  const key = scryptSync(passphrase, salt, 32, { ...cost, maxmem: 2 * memory });
  try {
    return xsalsa20poly1305(key, nonce).decrypt(ciphertext);
  } catch (cause) {
    throw new SignpostError('DENIED', `cannot unlock ${name}: the passphrase is wrong`, { cause });
  }
}

const readKey = objectOf({
  kdf: objectOf({
    name: constantOf('scrypt'),
    // At most 1 GiB of memory, and some seconds.
    params: objectOf({
      N: valueOf(isPowerOfTwo, 'a power of two up to 2^20'),
      r: constantOf(8),
      p: constantOf(1),
    }),
    salt: readBase64,
  }),
  cipher: objectOf({ name: constantOf('nacl/secretbox'), nonce: readNonce }),
  ciphertext: readBase64,
});

function parseBlock(pem: string, name: string) {
  try {
    const [, body = ''] = blockPattern.exec(pem) ?? [];
    const { kdf, cipher, ciphertext } = readKey(parseStrictJson(Buffer.from(body, 'base64'), name), 'it');
    return { salt: kdf.salt, cost: kdf.params, nonce: cipher.nonce, ciphertext };
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name} is not a key as cosign writes it: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function readNonce(value: unknown, where: string): Uint8Array {
  const nonce = readBase64(value, where);
  if (nonce.length === 24) return nonce;
  throw new SignpostError('CONFIG_INVALID', `${where} has ${nonce.length} bytes: expected 24`);
}

function isPowerOfTwo(value: unknown): value is number {
  return isCount(value) && value >= 2 && value <= 2 ** 20 && Number.isInteger(Math.log2(value));
}
