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
  /** Why nothing more is asked of it. */
  left?: string;
}

/** Failures in a row after which a source is left for the rest of the run. */
const strikesLimit = 3;

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
