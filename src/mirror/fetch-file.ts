import type { Digest } from '../oci/digest.ts';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import type { MonotonicClock } from '../ports/clock.ts';
import type { IncomingFile, MirrorWriter, WantedFile } from '../ports/mirror-folder.ts';
import type { PooledSource, SourcePool } from './source-pool.ts';
import type { Throttle } from './throttle.ts';
import { waitForAll } from '../parallel/wait-for-all.ts';

export interface FetchDeps {
  readonly writer: Pick<MirrorWriter, 'adopt' | 'receive'>;
  readonly sources: SourcePool;
  readonly throttle?: Throttle | undefined;
  /** Told of each piece. */
  readonly advance: (bytes: number) => void;
  readonly stop: AbortSignal;
  readonly clock: MonotonicClock;
}

/** How often a file is asked for again after a failure, over all sources. */
const triesLimit = 6;
/** Milliseconds, and each time as much more. */
const retryPause = 200;

/** How many hosts that sources send on to may have a wrong file, before that is held against the source. */
const detoursLimit = 4;

/** How a file came to be there. */
export type Fetched = 'linked' | 'fetched';

/**
 * Fetches files, each from whichever source has time for it. A source that fails is followed by another, from where it
 * stopped; what it sent counts only with the right digest. The same bytes are never fetched twice at once.
 */
export function createFetcher(deps: FetchDeps): (file: WantedFile) => Promise<Fetched> {
  const underWay = new Map<Digest, Promise<Fetched>>();
  return async (file) => {
    // Whoever comes second finds the first one's file here.
    for (let other = underWay.get(file.digest); other !== undefined; other = underWay.get(file.digest)) {
      await other.catch(() => undefined);
    }
    const own = fetchFile(deps, file);
    underWay.set(file.digest, own);
    try {
      return await own;
    } finally {
      underWay.delete(file.digest);
    }
  };
}

async function fetchFile(deps: FetchDeps, file: WantedFile): Promise<Fetched> {
  if (await deps.writer.adopt(file)) return 'linked';
  await using incoming = await deps.writer.receive(file);
  const tried = new Set<PooledSource>();
  let tries = 0;
  // Who sent the bytes that are there: with one alone it is clear who sent a wrong one.
  const senders = new Set<string>(incoming.offset > 0 ? ['an earlier run'] : []);
  const problems: string[] = [];
  let isOriginWrong = false;
  const detours = new Set<string>();
  for (;;) {
    if (deps.stop.aborted) throw new SignpostError('CANCELLED', 'stopped');
    const pooled = deps.sources.choose(tried);
    if (pooled === undefined) throw exhausted(file, problems, isOriginWrong);
    let outcome = await askOne(deps, pooled, file, incoming, { senders, tried });
    if (outcome.kind === 'whole') {
      const sent = await incoming.finish();
      if (sent === 'placed') {
        pooled.files += 1;
        return 'fetched';
      }
      // With several senders nobody knows who was wrong: the next one sends everything.
      const isClear = senders.size === 1 && senders.has(senderOf(pooled, outcome.via));
      senders.clear();
      if (!isClear) continue;
      const detail = `it sent wrong bytes for ${file.path}`;
      outcome = { kind: 'wrong', detail, isContent: true, isLie: true, via: outcome.via };
    }
    problems.push(`${senderOf(pooled, outcome.via)}: ${outcome.detail}`);
    if (outcome.kind === 'again') {
      tries += 1;
      if (tries >= triesLimit) throw exhausted(file, problems, isOriginWrong);
      await pause(retryPause * tries, deps.stop);
      continue;
    }
    const { via } = outcome;
    if (via !== undefined && !detours.has(via) && detours.size < detoursLimit) {
      // It is no fault of the source's own that a mirror of its choice has something else.
      detours.add(via);
      pooled.source.avoid(via);
      continue;
    }
    isOriginWrong ||= pooled.isOrigin && outcome.isContent === true;
    // At the origin a file may have been replaced since the lists were written.
    if (outcome.isLie === true && !pooled.isOrigin) deps.sources.lied(pooled, outcome.detail);
    tried.add(pooled);
  }
}

/** What came of asking a source; `via` is the host that it sent the request on to. */
type Outcome = { readonly via: string | undefined } & (
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

function senderOf({ source }: PooledSource, via: string | undefined): string {
  return via === undefined ? source.name : `${source.name} by way of ${via}`;
}

async function askOne(
  deps: FetchDeps,
  pooled: PooledSource,
  file: WantedFile,
  incoming: IncomingFile,
  { senders, tried }: { readonly senders: Set<string>; readonly tried: ReadonlySet<PooledSource> },
): Promise<Outcome> {
  const { sources } = deps;
  const { strikes } = pooled;
  let via: string | undefined;
  let isSlow = false;
  if (incoming.offset >= file.size && file.size > 0) return { kind: 'whole', via };
  pooled.active += 1;
  try {
    const answer = await pooled.source.open(file.from ?? file.path, incoming.offset, deps.stop);
    via = answer.via;
    if (answer.kind !== 'found') {
      if (answer.kind === 'failed') {
        sources.failed(pooled, strikes, answer.detail);
        return { kind: 'again', detail: answer.detail, via };
      }
      sources.answered(pooled);
      return { kind: 'wrong', detail: answer.detail, via };
    }
    if (answer.offset !== incoming.offset) {
      await incoming.restart();
      senders.clear();
    }
    senders.add(senderOf(pooled, via));
    // Where a source sends a request on to may be slow; the source itself is still to be asked then.
    const but = via === undefined ? new Set([...tried, pooled]) : tried;
    const start = deps.clock.monotonic();
    let received = 0;
    const end = await answer.read(file.size - incoming.offset, (piece) => {
      received += piece.length;
      if (sources.isSlow(received, deps.clock.monotonic() - start, but)) {
        isSlow = true;
        throw new SignpostError('UNAVAILABLE', 'it is much slower than others');
      }
      const written = incoming.write(piece);
      pooled.bytes += piece.length;
      deps.advance(piece.length);
      const wait = deps.throttle?.(piece.length);
      return wait === undefined ? written : waitForAll([written, wait]).then(() => undefined);
    });
    if (end === 'longer') {
      await incoming.restart();
      senders.clear();
      const detail = `it sends more than the ${file.size} bytes of ${file.path}`;
      return { kind: 'wrong', detail, isContent: true, isLie: true, via };
    }
    sources.answered(pooled);
    sources.measured(pooled, received, deps.clock.monotonic() - start);
    if (incoming.offset === file.size) return { kind: 'whole', via };
    const detail = `it ended after ${incoming.offset} of ${file.size} bytes`;
    return { kind: 'wrong', detail, isContent: true, via };
  } catch (error) {
    if (!isSignpostError(error, 'UNAVAILABLE')) throw error;
    if (via === undefined) sources.failed(pooled, strikes, error.message);
    else if (!isSlow) pooled.source.avoid(via);
    return { kind: isSlow ? 'wrong' : 'again', detail: error.message, via };
  } finally {
    pooled.active -= 1;
  }
}

async function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stop.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    stop.addEventListener('abort', end);
  });
}

function exhausted(file: WantedFile, problems: readonly string[], isWrong: boolean): SignpostError {
  const all = problems.length > 0 ? problems.slice(-4).join('; ') : 'every source has been left';
  return new SignpostError(isWrong ? 'DIGEST_MISMATCH' : 'UNAVAILABLE', `${file.from ?? file.path}: ${all}`);
}
