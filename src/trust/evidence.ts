import type { Digest } from '../oci/digest.ts';

/**
 * What cryptography says of a signature, in one shape for every format; whether that is enough is for the policy to say.
 * Keys are named by their fingerprint in upper-case hexadecimal: of an OpenPGP key the primary key's 40 digits, of any
 * other key the SHA-256 of its DER SubjectPublicKeyInfo.
 */
export type Evidence =
  | StatedEvidence
  /** A signature that holds, over something that is no statement about an image. */
  | { readonly kind: 'wrong-payload'; readonly fingerprint: string; readonly reason: string }
  | BrokenEvidence;

/** A signature that holds, by a key that may be used, over a statement about an image. */
export interface StatedEvidence {
  readonly kind: 'signed';
  readonly fingerprint: string;
  /** `host/repository:tag`. */
  readonly reference: string;
  readonly digest: Digest;
  readonly serial: number;
  /** Of the manifest, in formats that sign it. */
  readonly mediaType?: string;
  /** Of the manifest in bytes, in formats that sign it. */
  readonly size?: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Milliseconds since the epoch; undefined when the signature never expires. */
  readonly expires: number | undefined;
}

/** A signature that does not hold, or not by a key that may be used. */
type BrokenEvidence =
  /** No public key that is known made it. */
  | { readonly kind: 'unknown-key'; readonly keyId: string }
  /** A key that is known, but is revoked or has expired. */
  | { readonly kind: 'unusable-key'; readonly fingerprint: string; readonly reason: string }
  /** Not a signature at all, or not one that holds. */
  | { readonly kind: 'forged'; readonly reason: string };

/** What cryptography says of an OpenPGP signed message, whatever it holds. */
export type SignatureEvidence = SignedEvidence | BrokenEvidence;

/** A message whose signature holds, by a key that may be used. */
export interface SignedEvidence {
  readonly kind: 'signed';
  /** The primary key's fingerprint, in upper-case hexadecimal. */
  readonly fingerprint: string;
  readonly payload: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Milliseconds since the epoch; undefined when the signature never expires. */
  readonly expires: number | undefined;
}
