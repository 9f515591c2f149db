import type { Digest } from '../oci/digest.ts';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import type { IncomingFile, MirrorWriter, WantedFile } from '../ports/mirror-folder.ts';
import type { PooledSource, SourcePool } from './source-pool.ts';
import type { Throttle } from './throttle.ts';

export interface FetchDeps {
  readonly writer: Pick<MirrorWriter, 'adopt' | 'receive'>;
  readonly sources: SourcePool;
  readonly throttle?: Throttle | undefined;
  /** Told of each piece. */
  readonly advance: (bytes: number) => void;
  readonly stop: AbortSignal;
}

/** How often a file is asked for again after a failure, over all sources. */
const triesLimit = 6;
/** Milliseconds, and each time as much more. */
const retryPause = 200;

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
  const senders = new Set<PooledSource | 'an earlier run'>(incoming.offset > 0 ? ['an earlier run'] : []);
  const problems: string[] = [];
  let isOriginWrong = false;
  for (;;) {
    if (deps.stop.aborted) throw new SignpostError('CANCELLED', 'stopped');
    const pooled = deps.sources.choose(tried);
    if (pooled === undefined) throw exhausted(file, problems, isOriginWrong);
    const outcome = await askOne(deps, pooled, file, incoming, senders);
    if (outcome === 'again') {
      problems.push(`${pooled.source.name}: ${pooled.left ?? 'it failed'}`);
      tries += 1;
      if (tries >= triesLimit) throw exhausted(file, problems, isOriginWrong);
      await pause(retryPause * tries, deps.stop);
      continue;
    }
    if (outcome === 'whole') {
      const sent = await incoming.finish();
      if (sent === 'placed') {
        pooled.files += 1;
        return 'fetched';
      }
      const [only, ...more] = senders;
      senders.clear();
      // With several senders nobody knows who was wrong: the next one sends everything.
      if (only !== pooled || more.length > 0) continue;
      problems.push(`${pooled.source.name}: wrong bytes`);
      isOriginWrong ||= pooled.isOrigin;
      // At the origin a file may have been replaced since the lists were written.
      if (!pooled.isOrigin) deps.sources.lied(pooled, `it sent wrong bytes for ${file.path}`);
    } else {
      problems.push(`${pooled.source.name}: ${outcome.wrong}`);
      isOriginWrong ||= pooled.isOrigin && outcome.isContent === true;
    }
    tried.add(pooled);
  }
}

interface Problem {
  readonly wrong: string;
  /** It has such a file, with other content. */
  readonly isContent?: true;
}

/** What came of asking a source: everything has come, it may do better next time, or what is wrong with its file. */
async function askOne(
  deps: FetchDeps,
  pooled: PooledSource,
  file: WantedFile,
  incoming: IncomingFile,
  senders: Set<PooledSource | 'an earlier run'>,
): Promise<'whole' | 'again' | Problem> {
  const { sources } = deps;
  const { strikes } = pooled;
  if (incoming.offset >= file.size && file.size > 0) return 'whole';
  pooled.active += 1;
  try {
    const answer = await pooled.source.open(file.from ?? file.path, incoming.offset, deps.stop);
    if (answer.kind !== 'found') {
      if (answer.kind === 'failed') {
        sources.failed(pooled, strikes, answer.detail);
        return 'again';
      }
      sources.answered(pooled);
      return { wrong: answer.detail };
    }
    if (answer.offset !== incoming.offset) {
      await incoming.restart();
      senders.clear();
    }
    senders.add(pooled);
    const end = await answer.read(file.size - incoming.offset, (piece) => {
      const written = incoming.write(piece);
      pooled.bytes += piece.length;
      deps.advance(piece.length);
      const wait = deps.throttle?.(piece.length);
      return wait === undefined ? written : Promise.all([written, wait]).then(() => undefined);
    });
    if (end === 'longer') {
      await incoming.restart();
      senders.clear();
      const detail = `it sends more than the ${file.size} bytes of ${file.path}`;
      if (!pooled.isOrigin) sources.lied(pooled, detail);
      return { wrong: detail, isContent: true };
    }
    sources.answered(pooled);
    if (incoming.offset === file.size) return 'whole';
    return { wrong: `it ended after ${incoming.offset} of ${file.size} bytes`, isContent: true };
  } catch (error) {
    if (!isSignpostError(error, 'UNAVAILABLE')) throw error;
    sources.failed(pooled, strikes, error.message);
    return 'again';
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
