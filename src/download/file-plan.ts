import { SignpostError } from '../oci/errors.ts';
import type { WantedFile } from '../ports/incoming-file.ts';
import type { PooledSource, SourcePool } from './source-pool.ts';

/** How often a file is asked for again after a failure, over all sources. */
const triesLimit = 6;
/** Milliseconds, and each time as much more. */
const retryPause = 200;
/** How many hosts that sources send on to may have a wrong file, before that is held against the source. */
const detoursLimit = 4;

/** What came of asking a source; `via` is the host that it sent the request on to. */
export type Outcome = { readonly via: string | undefined } & (
  | { readonly kind: 'whole' }
  /** It may do better next time. */
  | { readonly kind: 'again'; readonly detail: string }
  | {
      readonly kind: 'wrong';
      readonly detail: string;
      /** It has such a file, with other content. */
      readonly isContent?: true;
      /** It has said that it is the right one. */
      readonly isLie?: true;
    }
);

/** Which source is asked next for one file, and who is to blame for what has come. It never waits and reads no clock. */
export class FilePlan {
  readonly #pool: SourcePool;
  readonly #file: Pick<WantedFile, 'path' | 'from'>;
  readonly #tried = new Set<PooledSource>();
  /** Who sent the bytes that are there: with one alone it is clear who sent a wrong one. */
  readonly #senders = new Set<string>();
  readonly #detours = new Set<string>();
  readonly #problems: string[] = [];
  #tries = 0;
  #isOriginWrong = false;

  /** @param isResumed whether some of it has come in an earlier run */
  constructor(pool: SourcePool, file: Pick<WantedFile, 'path' | 'from'>, isResumed: boolean) {
    this.#pool = pool;
    this.#file = file;
    if (isResumed) this.#senders.add('an earlier run');
  }

  /** Who is asked next. @throws SignpostError UNAVAILABLE, DIGEST_MISMATCH when nobody is left */
  next(): PooledSource {
    const pooled = this.#pool.choose(this.#tried);
    if (pooled === undefined) throw this.#exhausted();
    return pooled;
  }

  /** Those that cannot take over from a source which sends slowly; where it has sent the request on, it can do so itself. */
  cannotTakeOver(pooled: PooledSource, via: string | undefined): ReadonlySet<PooledSource> {
    return via === undefined ? new Set([...this.#tried, pooled]) : this.#tried;
  }

  /** What is there is thrown away: the next bytes are the first. */
  restarted(): void {
    this.#senders.clear();
  }

  /** Bytes come from there. */
  sending(pooled: PooledSource, via: string | undefined): void {
    this.#senders.add(senderOf(pooled, via));
  }

  /** All bytes are there, and their digest is another: who was last may have sent them all. */
  blame(pooled: PooledSource, via: string | undefined): void {
    const isClear = this.#senders.size === 1 && this.#senders.has(senderOf(pooled, via));
    this.#senders.clear();
    // With several senders nobody knows who was wrong: the next one sends everything.
    if (!isClear) return;
    const detail = `it sent wrong bytes for ${this.#file.path}`;
    this.#leave(pooled, { kind: 'wrong', detail, isContent: true, isLie: true, via });
  }

  /**
   * A source was of no use. Returns how many milliseconds to wait before the next one is asked.
   * @throws SignpostError UNAVAILABLE, DIGEST_MISMATCH when that was the last try
   */
  failed(pooled: PooledSource, outcome: Exclude<Outcome, { readonly kind: 'whole' }>): number {
    if (outcome.kind === 'wrong') {
      this.#leave(pooled, outcome);
      return 0;
    }
    this.#problems.push(`${senderOf(pooled, outcome.via)}: ${outcome.detail}`);
    this.#tries += 1;
    if (this.#tries >= triesLimit) throw this.#exhausted();
    return retryPause * this.#tries;
  }

  #leave(pooled: PooledSource, outcome: Extract<Outcome, { readonly kind: 'wrong' }>): void {
    const { via, detail, isContent, isLie } = outcome;
    this.#problems.push(`${senderOf(pooled, via)}: ${detail}`);
    if (via !== undefined && !this.#detours.has(via) && this.#detours.size < detoursLimit) {
      // It is no fault of the source's own that a mirror of its choice has something else.
      this.#detours.add(via);
      pooled.source.avoid(via);
      return;
    }
    this.#isOriginWrong ||= pooled.isOrigin && isContent === true;
    // At the origin a file may have been replaced since the lists were written.
    if (isLie === true && !pooled.isOrigin) this.#pool.lied(pooled, detail);
    this.#tried.add(pooled);
  }

  #exhausted(): SignpostError {
    const all = this.#problems.slice(-4).join('; ') || 'every source has been left';
    const code = this.#isOriginWrong ? 'DIGEST_MISMATCH' : 'UNAVAILABLE';
    return new SignpostError(code, `${this.#file.from ?? this.#file.path}: ${all}`);
  }
}

function senderOf({ source }: PooledSource, via: string | undefined): string {
  return via === undefined ? source.name : `${source.name} by way of ${via}`;
}
