import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';

/** How a staged blob came to be. */
export type StagedBlob = 'copied' | 'resumed' | 'present';

/** How a check of what is staged is watched. */
interface CheckOptions {
  /** Told of each piece that is hashed, in bytes. */
  readonly advance: (bytes: number) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Time has passed since a blob was staged, and disks forget. */
export interface StagedBlobCheck {
  /**
   * Hashes a staged blob again. A damaged one is removed, so that publishing again fetches it. Throws SignpostError
   * CANCELLED, STORAGE.
   */
  checkBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options: CheckOptions,
  ): Promise<'whole' | 'damaged' | 'absent'>;
}

/** The room that the staging area has. Throws SignpostError STORAGE. */
export interface StagingRoom {
  /** How many bytes of a blob are still to be copied in: none when it is staged, and less where a part of it is. */
  neededFor(descriptor: Pick<Descriptor, 'digest' | 'size'>): Promise<number>;
  /** How many bytes can still be written; undefined when the file system does not say. */
  free(): Promise<number | undefined>;
}

/**
 * Unsigned content on the origin's disk: never served, never mirrored. Everything in it has been hashed. Throws
 * SignpostError: DIGEST_MISMATCH, STORAGE, and what the source throws.
 */
export interface Staging {
  /** Whether the blob is staged whole. */
  hasBlob(digest: Digest): Promise<boolean>;
  /**
   * Copies a blob in, hashing while it streams. An interrupted copy is kept and resumed: `open` is called with the
   * number of bytes already there, which are hashed again first. `advance` is told of each piece that is hashed, in
   * bytes, and of a negative number when a copy has to start again. Bytes that are not what `descriptor` says are
   * removed.
   */
  writeBlob(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    open: (offset: number) => Promise<AsyncIterable<Uint8Array>>,
    advance: (bytes: number) => void,
  ): Promise<StagedBlob>;
  writeManifest(digest: Digest, bytes: Uint8Array): Promise<void>;
  /** The bytes, hashed again. Throws NOT_FOUND, DIGEST_MISMATCH. */
  readManifest(digest: Digest): Promise<Uint8Array>;
  /**
   * Removes the manifest lists `lists`, and all below them that no list in `keep` needs too. What an interrupted copy
   * of another image left stays, so that it can resume.
   */
  discard(lists: readonly Digest[], keep: readonly Digest[]): Promise<void>;
}
