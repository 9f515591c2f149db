import type { ContentSource } from '../ports/content-source.ts';

/** A source, and how it has fared in this run. */
export interface PooledSource {
  readonly source: ContentSource;
  readonly isOrigin: boolean;
  /** Requests under way. */
  active: number;
  /** Failures since the last answer; requests that fail together count as one. */
  strikes: number;
  files: number;
  bytes: number;
  /** What the last large file came at, in bytes a millisecond; undefined before the first. */
  rate?: number;
  /** Why nothing more is asked of it. */
  left?: string;
}

/** Failures in a row after which a source is left for the rest of the run. */
const strikesLimit = 3;

/** So many times slower than the quickest of the others is too slow. */
const slowness = 16;
/** How long an answer may take before it is compared with others, in milliseconds. */
const patience = 30_000;
/** From so many bytes on, the rate says more of the source than of the way to it. */
const measuredSize = 1024 * 1024;

/** Spreads requests over the sources: whoever is quick is soon free again, and gets more of them. */
export class SourcePool {
  readonly all: readonly PooledSource[];

  /** The first is the origin. */
  constructor(sources: readonly ContentSource[]) {
    this.all = sources.map((source, index) => ({
      source,
      isOrigin: index === 0,
      active: 0,
      strikes: 0,
      files: 0,
      bytes: 0,
    }));
  }

  /** The one with the least to do that is not among `except`; undefined when there is none left. */
  choose(except: ReadonlySet<PooledSource>): PooledSource | undefined {
    let best: PooledSource | undefined;
    for (const candidate of this.all) {
      if (candidate.left !== undefined || except.has(candidate)) continue;
      // Between equals it is a mirror: the origin has all of them to serve.
      if (
        best === undefined ||
        candidate.active < best.active ||
        (candidate.active === best.active && best.isOrigin)
      ) {
        best = candidate;
      }
    }
    return best;
  }

  answered(pooled: PooledSource): void {
    pooled.strikes = 0;
  }

  /** An answer has come to its end: so many bytes, in so many milliseconds. */
  measured(pooled: PooledSource, bytes: number, milliseconds: number): void {
    if (bytes >= measuredSize) pooled.rate = bytes / Math.max(1, milliseconds);
  }

  /**
   * Whether an answer comes so slowly that others would soon have sent all of it: a source that sends just enough to be
   * waited for could hold up a sync for days. `but` are those that cannot take over.
   */
  isSlow(bytes: number, milliseconds: number, but: ReadonlySet<PooledSource>): boolean {
    if (milliseconds < patience) return false;
    const rates = this.all.map((other) =>
      other.left === undefined && !but.has(other) ? (other.rate ?? 0) : 0,
    );
    return (bytes / milliseconds) * slowness < Math.max(...rates);
  }

  /** `before` is the count when the request began. */
  failed(pooled: PooledSource, before: number, detail: string): void {
    if (pooled.strikes === before) pooled.strikes += 1;
    if (pooled.strikes >= strikesLimit) pooled.left ??= detail;
  }

  /** It has sent bytes that are not those asked for: nothing more is asked of it. */
  lied(pooled: PooledSource, detail: string): void {
    pooled.left ??= detail;
  }

  /** Whether nobody is left to ask. */
  isEmpty(): boolean {
    return this.all.every(({ left }) => left !== undefined);
  }
}
