/** What cryptography says of a signed message; whether that is enough is for the policy to say. */
export type SignatureEvidence =
  | SignedEvidence
  /** No public key that is known made it. */
  | { readonly kind: 'unknown-key'; readonly keyId: string }
  /** A key that is known, but is revoked or has expired. */
  | { readonly kind: 'unusable-key'; readonly fingerprint: string; readonly reason: string }
  /** Not a signature at all, or not one that holds. */
  | { readonly kind: 'forged'; readonly reason: string };

/** A signature that holds, by a key that may be used. */
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
