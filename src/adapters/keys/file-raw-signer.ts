import { type KeyObject, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { promisify } from 'node:util';
import { SignpostError } from '../../oci/errors.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';
import { decryptCosignKey, isCosignKey } from './cosign-key-file.ts';
import { createRawSigner, requireP256 } from './verified-signer.ts';

/** A key file larger than this is none, in bytes. */
export const rawKeyFileLimit = 64 * 1024;

/**
 * A signer that has an ECDSA P-256 key in memory, from PEM: PKCS #8, plain or encrypted, or what `openssl ecparam` or
 * cosign writes. `passphrase` is asked only when the key is protected.
 * @throws SignpostError CONFIG_INVALID, DENIED when the passphrase is wrong
 */
export async function createFileRawSigner(
  file: { readonly name: string; readonly bytes: Uint8Array },
  passphrase: () => Promise<string>,
  certificates?: readonly Uint8Array[],
): Promise<RawSigner> {
  const key = await parsePrivateKey(file, passphrase);
  requireP256(key, file.name);
  return createRawSigner({
    name: file.name,
    publicKey: createPublicKey(key),
    certificates,
    sign: (bytes) => signInPool('sha256', bytes, key),
  });
}

// With a callback the work is done in another thread, so that several keys sign at once.
const signInPool = promisify<string, Uint8Array, KeyObject, Buffer>(sign);

async function parsePrivateKey(
  { name, bytes }: { readonly name: string; readonly bytes: Uint8Array },
  passphrase: () => Promise<string>,
): Promise<KeyObject> {
  const pem = Buffer.from(bytes).toString('latin1');
  if (isCosignKey(pem)) {
    const key = decryptCosignKey(pem, await passphrase(), name);
    return createPrivateKey({ key: Buffer.from(key), format: 'der', type: 'pkcs8' });
  }
  // RFC 7468, section 11; the other is OpenSSL's own older form.
  const locked = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
  if (!locked) return parse(pem, undefined, name);
  return parse(pem, await passphrase(), name);
}

function parse(pem: string, passphrase: string | undefined, name: string): KeyObject {
  try {
    return createPrivateKey({ key: pem, format: 'pem', ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (cause) {
    if (passphrase !== undefined) {
      throw new SignpostError('DENIED', `cannot unlock ${name}: ${(cause as Error).message}`, { cause });
    }
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name} is not a private key in PEM: ${(cause as Error).message}`,
      { cause },
    );
  }
}
