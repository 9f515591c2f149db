import { createEventLoopTurns } from '../../adapters/time/event-loop-turns.ts';
import { createPropagationRecorder } from '../../server/probe/propagation-recorder.ts';
import type { MirrorTable } from '../../mirrors/mirror-table.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorState } from '../../mirrors/mirror-state.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Measurement } from '../../ports/measurement.ts';
import { createPullTally } from '../../server/pull/pull-tally.ts';
import type { WatchingDeps } from '../../server/pull/registry-deps.ts';
import { createStatisticsWriter } from '../../server/pull/statistics-writer.ts';
import { createTrafficCounts } from '../../server/pull/traffic-counts.ts';
import type { Config } from '../config/config-schema.ts';
import type { Storage } from '../../ports/storage.ts';

/** Milliseconds of work after which requests get their turn. */
const longestPiece = 2;
/** Milliseconds between writes of what was counted. */
const statisticsInterval = 30_000;
/** Milliseconds between looks at what the mirrors hold. */
const propagationInterval = 5000;

export interface CountingDeps {
  readonly mirrors: () => MirrorTable;
  readonly states: () => ReadonlyMap<MirrorId, MirrorState>;
  readonly treeSerial: () => number;
  readonly storage: Pick<Storage, 'statistics' | 'propagation'>;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
}

/** What is counted of requests and of mirrors. Disposing of it writes what was counted last. */
export interface Counting extends AsyncDisposable {
  /** The registry's hook. */
  readonly onEnd: NonNullable<WatchingDeps['onEnd']>;
  measurements(): readonly Measurement[];
}

export async function composeCounting(config: Config, deps: CountingDeps): Promise<Counting> {
  const { clock, log, storage } = deps;
  await using parts = new AsyncDisposableStack();
  const traffic = createTrafficCounts(deps.mirrors);
  const tally = createPullTally(clock);
  const statistics = createStatisticsWriter({
    tally,
    statistics: storage.statistics,
    clock,
    log,
    pause: createEventLoopTurns(longestPiece),
    interval: statisticsInterval,
    keep: config.statistics.retention,
  });
  parts.defer(() => statistics.stop());
  statistics.start();
  const propagation = createPropagationRecorder({
    mirrors: () => deps.mirrors().mirrors.map(({ mirror }) => mirror),
    states: deps.states,
    treeSerial: deps.treeSerial,
    propagation: storage.propagation,
    clock,
    log,
    interval: propagationInterval,
  });
  parts.defer(() => propagation.stop());
  await propagation.start();
  const running = parts.move();
  return {
    onEnd(exchange, handled) {
      traffic.note(exchange, handled);
      tally.note(exchange, handled);
    },
    measurements: () => [...traffic.measurements(), ...propagation.measurements()],
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
