import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

/** How a staged blob came to be. */
export type StagedBlob = 'copied' | 'resumed' | 'present';

/**
 * Unsigned content on the origin's disk: never served, never mirrored. Everything in it has been hashed. Throws
 * SignpostError: DIGEST_MISMATCH, STORAGE, and what the source throws.
 */
export interface Staging {
  /** Whether the blob is staged whole. */
  hasBlob(digest: Digest): Promise<boolean>;
  /**
   * Copies a blob in, hashing while it streams. An interrupted copy is kept and resumed: `open` is called with the
   * number of bytes already there. `advance` is told of each new piece, in bytes.
   */
  writeBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    open: (offset: number) => Promise<AsyncIterable<Uint8Array>>,
    advance: (bytes: number) => void,
  ): Promise<StagedBlob>;
  writeManifest(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** The bytes, hashed again. Throws NOT_FOUND, DIGEST_MISMATCH. */
  readManifest(digest: Digest): Promise<Uint8Array>;
  /** Removes everything that is not in `keep`. */
  sweep(keep: ReadonlySet<Digest>): Promise<void>;
}
