import type { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import type { ByteRange } from '../oci/range.ts';
import type { RepositoryName } from '../oci/reference.ts';

/** The read side of the tree (design: "The tree"), for the server. Throws SignpostError NOT_FOUND, STORAGE. */
export interface TreeReader {
  /** The bytes of a manifest; the caller has the digest and may check it. */
  readManifest(repository: RepositoryName, digest: Digest): Promise<Uint8Array>;
  /** A blob or a part of it; `size` is of the whole, in bytes. */
  openBlob(
    repository: RepositoryName,
    digest: Digest,
    range?: ByteRange,
  ): Promise<{ stream: Readable; size: number }>;
  /** All of a small blob, or a part of a large one, in memory. `range` is required over 1 MiB. */
  readBlob(repository: RepositoryName, digest: Digest, range?: ByteRange): Promise<Uint8Array>;
  /** The lookaside signatures of a digest, in order; empty when there are none. */
  readSignatures(repository: RepositoryName, digest: Digest): Promise<readonly Uint8Array[]>;
}

/** One lookaside signature is at most this long, in bytes; simple signatures have about 1 KiB. */
export const signatureLimit = 64 * 1024;
/** A digest has at most this many lookaside signatures: containers/image reads no more. */
export const signaturesLimit = 128;

/**
 * The write side of the tree. A file appears under its final name only when it is on disk, whole, and its digest is
 * right, and at the latest when {@link TreeWriter.settle} resolves; in the order in which they were placed. Whoever has
 * been thrown at places everything again. Throws SignpostError STORAGE, DIGEST_MISMATCH, NOT_FOUND.
 */
export interface TreeWriter {
  /**
   * Puts a blob at its place in `repository`: a staged one, one that another repository of the tree has, or a small one
   * that is given as bytes. Whoever calls has checked the first two; a damaged file at that place is replaced.
   */
  placeBlob(
    repository: RepositoryName,
    digest: Digest,
    from: RepositoryName | 'staging' | Uint8Array,
  ): Promise<void>;
  placeManifest(repository: RepositoryName, digest: Digest, bytes: Uint8Array): Promise<void>;
  /** Replaces the lookaside signatures of a digest, numbered from 1 without a gap, at most 128. */
  placeSignatures(
    repository: RepositoryName,
    digest: Digest,
    signatures: readonly Uint8Array[],
  ): Promise<void>;
  /** What has been placed is there, and outlasts a power cut, once this has resolved: before anything names it. */
  settle(): Promise<void>;
}
