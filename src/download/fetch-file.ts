import type { Digest } from '../oci/digest.ts';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import type { MonotonicClock } from '../ports/clock.ts';
import type { MirrorWriter } from '../ports/mirror-folder.ts';
import type { IncomingFile, WantedFile } from '../ports/incoming-file.ts';
import { FilePlan, type Outcome } from './file-plan.ts';
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
  const plan = new FilePlan(deps.sources, file, incoming.offset > 0);
  for (;;) {
    if (deps.stop.aborted) throw new SignpostError('CANCELLED', 'stopped');
    const pooled = plan.next();
    const outcome = await askOne(deps, plan, pooled, file, incoming);
    if (outcome.kind !== 'whole') {
      const wait = plan.failed(pooled, outcome);
      if (wait > 0) await pause(wait, deps.stop);
    } else if ((await incoming.finish()) === 'placed') {
      pooled.files += 1;
      return 'fetched';
    } else {
      plan.blame(pooled, outcome.via);
    }
  }
}

async function askOne(
  deps: FetchDeps,
  plan: FilePlan,
  pooled: PooledSource,
  file: WantedFile,
  incoming: IncomingFile,
): Promise<Outcome> {
  const { sources, clock } = deps;
  const { strikes } = pooled;
  let via: string | undefined;
  let isSlow = false;
  const restart = async () => {
    await incoming.restart();
    plan.restarted();
  };
  if (incoming.offset >= file.size && file.size > 0) return { kind: 'whole', via };
  pooled.active += 1;
  try {
    const answer = await pooled.source.open(file.from ?? file.path, incoming.offset, deps.stop);
    via = answer.via;
    if (answer.kind === 'failed') {
      sources.failed(pooled, strikes, answer.detail);
      return { kind: 'again', detail: answer.detail, via };
    }
    if (answer.kind === 'missing') {
      sources.answered(pooled);
      return { kind: 'wrong', detail: answer.detail, via };
    }
    if (answer.offset !== incoming.offset) await restart();
    plan.sending(pooled, via);
    const but = plan.cannotTakeOver(pooled, via);
    const start = clock.monotonic();
    let received = 0;
    const end = await answer.read(file.size - incoming.offset, (piece) => {
      received += piece.length;
      if (sources.isSlow(received, clock.monotonic() - start, but)) {
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
      await restart();
      const detail = `it sends more than the ${file.size} bytes of ${file.path}`;
      return { kind: 'wrong', detail, isContent: true, isLie: true, via };
    }
    sources.answered(pooled);
    sources.measured(pooled, received, clock.monotonic() - start);
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
