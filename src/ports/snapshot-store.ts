import type { Digest } from '../oci/digest.ts';

/** A piece of the origin's snapshot, named by its bytes. */
export interface SnapshotPart {
  readonly digest: Digest;
  /** Bytes. */
  readonly size: number;
}

/** The longest snapshot that is read, in bytes: it is a few hundred. */
export const snapshotLimit = 64 * 1024;
/** The longest piece that is read, in bytes: 300,000 repositories, or half a million blobs of one. */
export const partLimit = 64 * 1024 * 1024;

/** Where the origin's snapshot is kept: at the origin to be fetched, at a front end to outlast a restart. */
export interface SnapshotStore {
  /** The file with the seal; undefined when there is none. @throws SignpostError LIMIT_EXCEEDED, STORAGE */
  readSnapshot(): Promise<Uint8Array | undefined>;
  /** Replaces it. Its pieces have been written. */
  writeSnapshot(file: Uint8Array): Promise<void>;
  /** A piece, verified by its digest; undefined when there is none, or one that is damaged. */
  readPart(part: SnapshotPart): Promise<Uint8Array | undefined>;
  writePart(part: SnapshotPart, bytes: Uint8Array): Promise<void>;
  /** Removes the pieces that are not in `keep` and are older than `age` milliseconds. */
  tidy(keep: ReadonlySet<Digest>, age: number): Promise<void>;
}
