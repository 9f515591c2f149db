import type { Digest } from '../oci/digest.ts';
import type { SignatureFormat } from '../trust/signature-format.ts';
import type { ImageSource } from './image-source.ts';

/** An image in a registry with its signatures. What it gives is hostile until it is verified. */
export interface RemoteImage extends ImageSource {
  /**
   * The envelopes of one format that the registry has for a digest; none when there are none.
   * @throws SignpostError SOURCE_INVALID, LIMIT_EXCEEDED, MANIFEST_INVALID, UNAVAILABLE, DENIED, CANCELLED
   */
  envelopes(format: SignatureFormat, digest: Digest): Promise<readonly Uint8Array[]>;
}
