import { type FormatReader, type FormatSigner } from '../trust/signing.ts';

/** A key, and the format that it signs in. */
export interface SigningKey {
  readonly signer: FormatSigner;
  /** Knows the signer's own public key: every signature is read again before it leaves. */
  readonly reader: FormatReader;
}
