import type { MetadataPath } from '../trust/metadata-path.ts';

/** The files of metadata in the tree. Throws SignpostError STORAGE. */
export interface MetadataTree {
  /** All of a file; undefined when there is none. */
  read(path: MetadataPath): Promise<Uint8Array | undefined>;
  /** When the file was put at its place, in milliseconds since the epoch; undefined when there is none. */
  placedAt(path: MetadataPath): Promise<number | undefined>;
  /** Puts a file at its place, whole or not at all. */
  place(path: MetadataPath, bytes: Uint8Array): Promise<void>;
}
