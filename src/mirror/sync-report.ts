import type { SourcePool } from '../download/source-pool.ts';
import type { SyncSpace } from './sync-space.ts';

/** What a sync has done. */
export interface SyncReport {
  /** The copy is at this publication now. */
  readonly serial: number;
  /** Lists that were worked on: of repositories that have changed, and of the TUF metadata. */
  readonly lists: number;
  /** Files that were not there. */
  readonly missing: number;
  /** Their size, in bytes. */
  readonly missingBytes: number;
  /** As it was before anything was fetched. */
  readonly space: SyncSpace;
  readonly fetched: number;
  /** Files that were here already under another name. */
  readonly linked: number;
  /** Bytes that came over the network, also those that were of no use. */
  readonly bytes: number;
  readonly removed: number;
  readonly sources: readonly {
    readonly url: string;
    readonly files: number;
    readonly bytes: number;
    /** Why it was left. */
    readonly left?: string;
  }[];
}

/** Counts as the work goes on. */
export class SyncCounts {
  repositories = 0;
  bytes = 0;
  fetched = 0;
  linked = 0;
  removed = 0;
  space: SyncSpace = { needed: 0, free: undefined };
  #missing = 0;
  #missingBytes = 0;

  /** One more file is missing. Returns the size of all of them so far, in bytes. */
  expect(size: number): number {
    this.#missing += 1;
    this.#missingBytes += size;
    return this.#missingBytes;
  }

  report(serial: number, sources: SourcePool): SyncReport {
    return {
      serial,
      lists: this.repositories,
      missing: this.#missing,
      missingBytes: this.#missingBytes,
      space: this.space,
      fetched: this.fetched,
      linked: this.linked,
      bytes: this.bytes,
      removed: this.removed,
      sources: sources.all.map(({ source, files, bytes, left }) => ({
        url: source.name,
        files,
        bytes,
        ...(left === undefined ? {} : { left }),
      })),
    };
  }
}
