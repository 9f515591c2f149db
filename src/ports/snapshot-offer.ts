import type { Digest } from '../oci/digest.ts';

/** A piece of the origin's snapshot as it is kept: whoever fetches it verifies it. */
interface OfferedPart {
  /** Bytes: at most `partLimit`. */
  readonly size: number;
  /** Nothing is open before the first of it is asked for. It throws SignpostError STORAGE. */
  readonly content: AsyncIterable<Uint8Array>;
}

/** The snapshot that the origin has made for front ends, to be handed out. Throws SignpostError LIMIT_EXCEEDED, STORAGE. */
export interface SnapshotOffer {
  /** The file with the seal; undefined when there is none. */
  readSnapshot(): Promise<Uint8Array | undefined>;
  /** A piece; undefined when there is none. */
  findPart(digest: Digest): Promise<OfferedPart | undefined>;
}
