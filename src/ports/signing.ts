/** Makes OpenPGP signed messages with a private key. Only the isolated machine has one. */
export interface Signer {
  /** The fingerprint of the primary key, in upper-case hexadecimal. */
  readonly fingerprint: string;
  /**
   * One binary OpenPGP signed message around `payload` (signatures.md, section 1): signed by the primary key,
   * neither armoured nor detached, valid from `created` until `expires` (both milliseconds since the epoch).
   */
  sign(payload: Uint8Array, created: number, expires: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** What cryptography says of a signed message; whether that is enough is for the policy to say. */
export type SignatureEvidence =
  | {
      readonly kind: 'signed';
      /** The primary key's fingerprint, in upper-case hexadecimal. */
      readonly fingerprint: string;
      readonly payload: Uint8Array;
      /** Milliseconds since the epoch. */
      readonly created: number;
      /** Milliseconds since the epoch; undefined when the signature never expires. */
      readonly expires: number | undefined;
    }
  | { readonly kind: 'unknown-key'; readonly keyId: string }
  | { readonly kind: 'forged'; readonly reason: string };

/** Reads OpenPGP signed messages against public keys. Takes hostile bytes. */
export interface SignatureReader {
  /** Which public keys it knows: primary fingerprints, in upper-case hexadecimal. */
  readonly fingerprints: readonly string[];
  read(message: Uint8Array): Promise<SignatureEvidence>;
}
