import type { MetadataPath } from '../trust/metadata-path.ts';

/** The metadata that a registry serves. What it gives is hostile until it is verified. */
export interface RemoteMetadata {
  /**
   * A file of at most `limit` bytes, whole; undefined when the registry has none.
   * @throws SignpostError SOURCE_INVALID, LIMIT_EXCEEDED, UNAVAILABLE, DENIED, CANCELLED
   */
  read(path: MetadataPath, limit: number): Promise<Uint8Array | undefined>;
}
