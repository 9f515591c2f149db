import { scryptSync } from 'node:crypto';
import { xsalsa20poly1305 } from '@noble/ciphers/salsa.js';
import { SignpostError } from '../../oci/errors.ts';
import { isCount, parseStrictJson, readBase64, readField, readFields } from '../../trust/strict-json.ts';

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

function parseBlock(pem: string, name: string) {
  try {
    const [, body = ''] = blockPattern.exec(pem) ?? [];
    const document = parseStrictJson(Buffer.from(body, 'base64'), name);
    const fields = readFields(document, ['kdf', 'cipher', 'ciphertext'] as const, name);
    const kdf = readFields(fields.kdf, ['name', 'params', 'salt'] as const, 'kdf');
    const cipher = readFields(fields.cipher, ['name', 'nonce'] as const, 'cipher');
    const params = readFields(kdf.params, ['N', 'r', 'p'] as const, 'params');
    readConstant(kdf.name, 'scrypt', 'kdf');
    readConstant(cipher.name, 'nacl/secretbox', 'cipher');
    const nonce = readBase64(cipher.nonce, 'nonce');
    readField(nonce.length, (length): length is 24 => length === 24, '24 bytes', 'the nonce');
    return {
      salt: readBase64(kdf.salt, 'salt'),
      // At most 1 GiB of memory, and some seconds.
      cost: {
        N: readField(params.N, isPowerOfTwo, 'a power of two up to 2^20', 'N'),
        r: readField(params.r, (r): r is 8 => r === 8, '8', 'r'),
        p: readField(params.p, (p): p is 1 => p === 1, '1', 'p'),
      },
      nonce,
      ciphertext: readBase64(fields.ciphertext, 'ciphertext'),
    };
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name} is not a key as cosign writes it: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function isPowerOfTwo(value: unknown): value is number {
  return isCount(value) && value >= 2 && value <= 2 ** 20 && Number.isInteger(Math.log2(value));
}

function readConstant(value: unknown, constant: string, where: string): void {
  readField(value, (found): found is string => found === constant, `"${constant}"`, where);
}
