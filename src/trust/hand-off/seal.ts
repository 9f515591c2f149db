import { type KeyObject, createPublicKey, verify } from 'node:crypto';
import { type Digest, digestOf, isDigest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type Read, objectOf, readBase64, sizedBytes, valueOf } from '../json-reader.ts';

/**
 * Who vouches for a file of the hand-off: a requester for a signing request, an approver for an approval, the signer
 * for a bundle. Such keys are Ed25519 or ECDSA keys in PEM, are known only to the other side of the hand-off, and sign
 * no image: clients never see them.
 */
export type Seal = Read<typeof readSeal>;
export const readSeal = objectOf({
  /** The SHA-256 of the public key (DER SubjectPublicKeyInfo). */
  key: valueOf(isDigest, "a key's digest"),
  /** 64 bytes with Ed25519; the DER of an `ECDSA-Sig-Value` over SHA-256 with an elliptic-curve key. */
  signature: sizedBytes(readBase64, 256),
});

/** A public key that seals are verified with. */
export interface SealKey {
  readonly id: Digest;
  readonly key: KeyObject;
}

export type SealEvidence =
  | { readonly kind: 'sealed'; readonly key: Digest }
  | { readonly kind: 'unsealed' }
  /** None of the given keys made it; whether it holds is unknown. */
  | { readonly kind: 'unknown-key'; readonly key: Digest }
  /** It names a given key and is not by it: somebody changed the file, or the seal. */
  | { readonly kind: 'forged'; readonly key: Digest };

/** A key in PEM that is larger is not one, in bytes. */
export const sealKeyLimit = 16 * 1024;

const curves: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1'];

/**
 * Reads a public key in PEM. `where` names the file in messages.
 * @throws SignpostError CONFIG_INVALID
 */
export function parseSealKey(pem: string, where: string): SealKey {
  if (pem.includes('PRIVATE KEY-----')) {
    throw invalid(
      `${where} holds a private key: keep it where it signs and name the public one (openssl pkey -pubout)`,
    );
  }
  const blocks = [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----/g)].map(([, label]) => label);
  if (blocks.length !== 1 || blocks[0] !== 'PUBLIC KEY') {
    throw invalid(`${where} does not hold just one public key in PEM ("-----BEGIN PUBLIC KEY-----")`);
  }
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${where} is not a public key in PEM: ${(cause as Error).message}`,
      { cause },
    );
  }
  checkSealAlgorithm(key, where);
  return { id: sealKeyId(key), key };
}

/**
 * Ed25519, or ECDSA on a curve of NIST.
 * @throws SignpostError CONFIG_INVALID
 */
export function checkSealAlgorithm(key: KeyObject, where: string): void {
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = key;
  if (type === 'ed25519' || (type === 'ec' && curves.includes(details?.namedCurve))) return;
  throw invalid(
    `${where} is a key of type ${type ?? 'unknown'}: expected Ed25519 (openssl genpkey -algorithm ed25519) or ECDSA on P-256, P-384 or P-521`,
  );
}

/** The name of a public key: the SHA-256 of its DER. */
export function sealKeyId(publicKey: KeyObject): Digest {
  return digestOf(publicKey.export({ format: 'der', type: 'spki' }));
}

/** The hash that a key of this kind signs over, as node:crypto wants it. */
export function sealHash(key: KeyObject): 'sha256' | undefined {
  return key.asymmetricKeyType === 'ed25519' ? undefined : 'sha256';
}

/** Says who sealed `message`. Never throws. */
export function readSealEvidence(
  seal: Seal | undefined,
  message: Uint8Array,
  keys: readonly SealKey[],
): SealEvidence {
  if (seal === undefined) return { kind: 'unsealed' };
  const known = keys.find(({ id }) => id === seal.key);
  if (known === undefined) return { kind: 'unknown-key', key: seal.key };
  return { kind: holds(known.key, message, seal.signature) ? 'sealed' : 'forged', key: seal.key };
}

/** A seal as JSON has it. */
export function sealToJson({ key, signature }: Seal): { key: string; signature: string } {
  return { key, signature: Buffer.from(signature).toString('base64') };
}

function holds(key: KeyObject, message: Uint8Array, signature: Uint8Array): boolean {
  try {
    return verify(sealHash(key), message, key, signature);
  } catch {
    return false;
  }
}

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}
