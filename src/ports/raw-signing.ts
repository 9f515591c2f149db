/**
 * A private key that signs bytes, wherever it lives: in a file, in a PKCS#11 token, behind a command. Only the isolated
 * machine has one.
 */
export interface RawSigner {
  /** ECDSA on P-256 over SHA-256: the one algorithm that cosign, Notary Project and Notary v1 clients all verify. */
  readonly algorithm: 'ecdsa-p256';
  /** DER SubjectPublicKeyInfo. */
  readonly publicKey: Uint8Array;
  /** DER certificates from the leaf to the root, where the key has any. */
  readonly certificates?: readonly Uint8Array[];
  /**
   * Hashes and signs `bytes`: the DER of an `ECDSA-Sig-Value` (RFC 3279, section 2.2.3).
   * @throws SignpostError DENIED, UNAVAILABLE
   */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}
