import { type KeyObject, createPublicKey, hash, verify } from 'node:crypto';
import { type PublicKeyPacket, type SignaturePacket, enums } from 'openpgp';
import { SignpostError } from '../../oci/errors.ts';

/** A primary key, ready to verify with. */
export interface VerifyingPrimary {
  readonly packet: PublicKeyPacket;
  readonly primary: KeyObject;
}

/**
 * Opens a key whose kind stock clients know. `where` names it in messages.
 * @throws SignpostError CONFIG_INVALID
 */
export function openVerifyingPrimary(packet: PublicKeyPacket, where: string): VerifyingPrimary {
  // As the library reads them: a point with its prefix 0x40 (RFC 9580, section 9.2.1), or modulus and exponent.
  const { Q, n, e } = packet.publicParams as Readonly<Record<string, Uint8Array | undefined>>;
  const encode = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('base64url');
  const jwk =
    Q === undefined
      ? { kty: 'RSA', n: encode(n), e: encode(e) }
      : { kty: 'OKP', crv: 'Ed25519', x: encode(Q.subarray(1)) };
  try {
    return { packet, primary: createPublicKey({ key: jwk, format: 'jwk' }) };
  } catch (cause) {
    throw new SignpostError('CONFIG_INVALID', `${where} holds a malformed key`, { cause });
  }
}

const strongHashes: ReadonlyMap<number | null, string> = new Map([
  [enums.hash.sha256, 'sha256'],
  [enums.hash.sha384, 'sha384'],
  [enums.hash.sha512, 'sha512'],
]);

/** What keys say of themselves may still be signed over SHA-1, as GnuPG takes it: so are old revocations. */
const selfHashes: ReadonlyMap<number | null, string> = new Map([
  ...strongHashes,
  [enums.hash.sha1, 'sha1'],
  [enums.hash.sha224, 'sha224'],
]);

/** Whether signatures by this hash are taken: SHA-256, SHA-384 and SHA-512 (enums of the library). */
export function isStrongHash(algorithm: number | null): boolean {
  return strongHashes.has(algorithm);
}

/**
 * Why a signature of version 4 over binary `data` does not hold, or undefined when it does (RFC 9580, section 5.2.4). The
 * library can do this too; it opens the key anew and hands each step to another thread, which takes four times as long.
 * Dates are the caller's to judge.
 */
export function describeBadSignature(
  signature: SignaturePacket,
  data: Uint8Array,
  key: VerifyingPrimary,
): string | undefined {
  const wrong = describeWrongBytes(signature, data, key, strongHashes);
  if (wrong !== undefined) return wrong;
  return hasUnknownPart(signature) || signature.revocationKeyClass !== null
    ? 'it has a critical part that is not known'
    : undefined;
}

/** Whether `key` signed `data`, which is a part of a key, whatever else the signature says. */
export function holdsOverKey(signature: SignaturePacket, data: Uint8Array, key: VerifyingPrimary): boolean {
  return describeWrongBytes(signature, data, key, selfHashes) === undefined;
}

/** Whether there is something that must be understood (section 5.2.3.7), and is not. */
export function hasUnknownPart({ unknownSubpackets, rawNotations }: SignaturePacket): boolean {
  return [...unknownSubpackets, ...rawNotations].some(({ critical }) => critical);
}

function describeWrongBytes(
  signature: SignaturePacket,
  data: Uint8Array,
  { packet, primary }: VerifyingPrimary,
  hashes: ReadonlyMap<number | null, string>,
): string | undefined {
  const name = hashes.get(signature.hashAlgorithm);
  const { signatureData, signedHashValue, publicKeyAlgorithm } = signature;
  if (signature.version !== 4 || name === undefined || signatureData === null || signedHashValue === null)
    return 'a packet is malformed';
  if (publicKeyAlgorithm !== packet.algorithm) return 'it is by another algorithm than its key';
  const trailer = Buffer.from([4, 0xff, 0, 0, 0, 0]);
  trailer.writeUInt32BE(signatureData.length, 2);
  const covered = Buffer.concat([data, signatureData, trailer]);
  const digest = hash(name, covered, 'buffer');
  if (!digest.subarray(0, 2).equals(signedHashValue)) return 'Signed digest did not match';
  return holds(signature, name, covered, digest, primary) ? undefined : 'Signature verification failed';
}

function holds(
  signature: SignaturePacket,
  name: string,
  covered: Uint8Array,
  digest: Uint8Array,
  primary: KeyObject,
): boolean {
  const { s, r } = (signature as unknown as { readonly params: SignatureNumbers }).params;
  try {
    if (primary.asymmetricKeyType === 'rsa') {
      const length = Math.ceil((primary.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
      return verify(name, covered, primary, padLeft(s, length));
    }
    // It signs the digest, and not what was hashed (section 5.2.3.3).
    return verify(null, digest, primary, Buffer.concat([padLeft(r, 32), padLeft(s, 32)]));
  } catch {
    return false;
  }
}

/** What the library has read of a signature; its types do not say so. */
interface SignatureNumbers {
  readonly s: Uint8Array;
  /** Of EdDSA alone. */
  readonly r: Uint8Array;
}

/** Numbers have lost their leading zeros (section 3.2). Throws RangeError when they are too long. */
function padLeft(number: Uint8Array, length: number): Uint8Array {
  const padded = new Uint8Array(length);
  padded.set(number, length - number.length);
  return padded;
}
