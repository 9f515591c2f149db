import type { MonotonicClock } from '../../ports/clock.ts';
import { type Measurement, measureEach, measureOne } from '../../ports/measurement.ts';
import type { SnapshotWatcher } from './snapshot-watcher.ts';

/** The routing snapshot: what it has, how old it is, and what compiling it took. */
export function measureSnapshot(
  watcher: Pick<SnapshotWatcher, 'current' | 'compilation'>,
  clock: MonotonicClock,
): readonly Measurement[] {
  return [
    measureOne(
      'signpost_snapshot_serial',
      'The publication that the routing snapshot was compiled at.',
      'gauge',
      () => watcher.current()?.serial,
    ),
    measureEach('signpost_snapshot_entries', 'What the routing snapshot has.', 'gauge', 'kind', () =>
      Object.entries(watcher.current()?.counts ?? {}),
    ),
    measureOne(
      'signpost_snapshot_age_seconds',
      'Time since the routing snapshot was compiled: one is compiled when something is published.',
      'gauge',
      () => {
        const compiled = watcher.compilation()?.at;
        return compiled === undefined ? undefined : (clock.monotonic() - compiled) / 1000;
      },
    ),
    measureOne(
      'signpost_snapshot_compile_seconds',
      'How long compiling the newest routing snapshot took.',
      'gauge',
      () => {
        const took = watcher.compilation()?.milliseconds;
        return took === undefined ? undefined : took / 1000;
      },
    ),
    measureOne(
      'signpost_snapshot_failures_total',
      'Looks for a new publication that failed: the old snapshot stays.',
      'counter',
      () => watcher.compilation()?.failures,
    ),
  ];
}
