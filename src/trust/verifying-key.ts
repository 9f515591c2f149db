import { type KeyObject, createHash, createPublicKey, verify } from 'node:crypto';
import { SignpostError } from '../oci/errors.ts';

/** A public key that signatures by a bare key are verified with: ECDSA on P-256, which every client knows. */
export interface VerifyingKey {
  /** The SHA-256 of the DER SubjectPublicKeyInfo, in upper-case hexadecimal. */
  readonly fingerprint: string;
  readonly key: KeyObject;
}

/** A file holds at most this many keys. */
const keysLimit = 64;

const blockPattern =
  /-----BEGIN ([A-Z0-9 ]{1,64})-----[\r\n]+([A-Za-z0-9+/=\r\n]{1,4096})-----END ([A-Z0-9 ]{1,64})-----/g;

/**
 * Reads the public keys of a PEM file. `name` is for messages.
 * @throws SignpostError CONFIG_INVALID for anything but public keys on P-256
 */
export function parseVerifyingKeys(pem: Uint8Array, name: string): readonly VerifyingKey[] {
  const blocks = [...Buffer.from(pem).toString('latin1').matchAll(blockPattern)];
  if (blocks.length === 0 || blocks.length > keysLimit) {
    throw invalid(`${name} holds ${blocks.length} PEM blocks: expected 1 to ${keysLimit} public keys`);
  }
  return blocks.map(([block, label, , end]) => {
    if (label !== 'PUBLIC KEY' || end !== label) {
      throw invalid(
        `${name} holds a "${label}": expected "PUBLIC KEY", such as "openssl pkey -pubout" writes`,
      );
    }
    return createVerifyingKey(openKey({ key: block, format: 'pem' }, name), name);
  });
}

/** @throws SignpostError CONFIG_INVALID */
export function parseVerifyingKey(spki: Uint8Array, name: string): VerifyingKey {
  return createVerifyingKey(openKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }, name), name);
}

/** Whether `signature`, the DER of an ECDSA-Sig-Value, is the key's over the SHA-256 of `bytes`. */
export function verifyEcdsa({ key }: VerifyingKey, bytes: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify('sha256', bytes, { key, dsaEncoding: 'der' }, signature);
  } catch {
    return false;
  }
}

function openKey(input: Parameters<typeof createPublicKey>[0], name: string): KeyObject {
  try {
    return createPublicKey(input);
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name} holds no public key that can be read: ${(cause as Error).message}`,
      { cause },
    );
  }
}

function createVerifyingKey(key: KeyObject, name: string): VerifyingKey {
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  if (key.asymmetricKeyType !== 'ec' || namedCurve !== 'prime256v1') {
    const found = [key.asymmetricKeyType, namedCurve ?? modulusLength].filter((part) => part !== undefined);
    throw invalid(`${name} holds a key of type ${found.join(' ')}: expected ECDSA on P-256`);
  }
  const spki = key.export({ type: 'spki', format: 'der' });
  return { fingerprint: createHash('sha256').update(spki).digest('hex').toUpperCase(), key };
}

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}
