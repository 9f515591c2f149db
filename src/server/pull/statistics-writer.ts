import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Statistics } from '../../ports/statistics.ts';
import type { PullTally } from './pull-tally.ts';
import { formatDay } from '../../text/format-time.ts';

/** Writes down what was counted, now and then and at the end. */
export interface StatisticsWriter {
  /** Writes what has been counted so far. It never rejects: what could not be written is counted again. */
  flush(): Promise<void>;
  start(): void;
  /** Writes the rest. */
  stop(): Promise<void>;
}

/** Rows in one transaction: a few milliseconds of work. */
const batchSize = 500;
const pruneInterval = 3_600_000;

export function createStatisticsWriter(deps: {
  readonly tally: Pick<PullTally, 'take' | 'putBack'>;
  readonly statistics: Pick<Statistics, 'add' | 'prune'>;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
  /** Gives the event loop its turn. */
  readonly pause: () => Promise<void>;
  /** Milliseconds between writings. */
  readonly interval: number;
  /** How long days are kept, in milliseconds. */
  readonly keep: number;
}): StatisticsWriter {
  const { tally, statistics, clock, log } = deps;
  let timer: NodeJS.Timeout | undefined;
  let prunedAt = -Infinity;
  /** One writing at a time. */
  let queue = Promise.resolve();

  const write = async () => {
    const rows = tally.take();
    for (let at = 0; at < rows.length; at += batchSize) {
      try {
        await statistics.add(rows.slice(at, at + batchSize));
      } catch (error) {
        tally.putBack(rows.slice(at));
        log.error('cannot write statistics: they are kept in memory', { error });
        return;
      }
      await deps.pause();
    }
  };
  const prune = async () => {
    const now = clock.monotonic();
    if (now - prunedAt < pruneInterval) return;
    prunedAt = now;
    try {
      await statistics.prune(formatDay(clock.now() - deps.keep));
    } catch (error) {
      log.error('cannot forget old statistics', { error });
    }
  };
  const flush = () => (queue = queue.then(write).then(prune));
  return {
    flush,
    start() {
      timer = setInterval(() => void flush(), deps.interval);
      timer.unref();
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
