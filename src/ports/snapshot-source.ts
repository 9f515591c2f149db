import type { SnapshotPart } from './snapshot-store.ts';

/** Where a front end fetches the origin's snapshot. What comes is not verified yet, but bounded in size and time. */
export interface SnapshotSource {
  /**
   * The file with the seal, with what to ask with the next time; `unchanged` when it is still the one of `etag`.
   * @throws SignpostError UNAVAILABLE, DENIED, LIMIT_EXCEEDED
   */
  fetchSnapshot(
    etag: string | undefined,
    signal: AbortSignal,
  ): Promise<'unchanged' | { readonly file: Uint8Array; readonly etag: string | undefined }>;
  /** A piece of at most its size. @throws SignpostError UNAVAILABLE, DENIED, LIMIT_EXCEEDED */
  fetchPart(part: SnapshotPart, signal: AbortSignal): Promise<Uint8Array>;
}
