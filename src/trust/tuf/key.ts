import { type KeyObject, createHash, createPublicKey, verify } from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import { canonicalJson } from '../canonical-json.ts';

/** A public key as TUF 1.0 writes it (section 4.2). Both schemes are ones that every current TUF client has. */
export type TufKey =
  | {
      readonly keytype: 'ecdsa';
      readonly scheme: 'ecdsa-sha2-nistp256';
      /** The SPKI in PEM. */
      readonly keyval: { readonly public: string };
    }
  | {
      readonly keytype: 'ed25519';
      readonly scheme: 'ed25519';
      /** The 32 bytes in hexadecimal. */
      readonly keyval: { readonly public: string };
    };

/** RFC 8410, section 4: what comes before the 32 bytes of an Ed25519 key in its SPKI. */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * The TUF key of a public key in SPKI, DER.
 * @throws SignpostError TRUST when it is neither ECDSA P-256 nor Ed25519
 */
export function tufKeyOf(spki: Uint8Array): TufKey {
  const key = readSpki(spki);
  const type = key?.asymmetricKeyType;
  if (key !== undefined && type === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1') {
    const pem = key.export({ type: 'spki', format: 'pem' });
    return { keytype: 'ecdsa', scheme: 'ecdsa-sha2-nistp256', keyval: { public: pem } };
  }
  if (key !== undefined && type === 'ed25519') {
    const der = key.export({ type: 'spki', format: 'der' });
    return {
      keytype: 'ed25519',
      scheme: 'ed25519',
      keyval: { public: der.subarray(ed25519Prefix.length).toString('hex') },
    };
  }
  throw new SignpostError('TRUST', 'a key of a TUF role must be ECDSA P-256 or Ed25519');
}

/** Section 4.2.1: the SHA-256 of the key's canonical JSON, in hexadecimal. */
export function keyIdOf(key: TufKey): string {
  return createHash('sha256').update(canonicalJson(key)).digest('hex');
}

/** Whether `signature`, in hexadecimal, is this key's over `bytes`. Takes hostile input. */
export function tufSignatureHolds(key: TufKey, bytes: Uint8Array, signature: string): boolean {
  const spki =
    key.keytype === 'ecdsa'
      ? key.keyval.public
      : ({
          key: Buffer.concat([ed25519Prefix, Buffer.from(key.keyval.public, 'hex')]),
          type: 'spki',
          format: 'der',
        } as const);
  try {
    const publicKey = createPublicKey(spki);
    return verify(key.keytype === 'ecdsa' ? 'sha256' : null, bytes, publicKey, Buffer.from(signature, 'hex'));
  } catch {
    return false;
  }
}

function readSpki(spki: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(spki), type: 'spki', format: 'der' });
  } catch {
    return undefined;
  }
}
