import type { MonotonicClock } from '../../ports/clock.ts';
import type { Progress } from '../../ports/progress.ts';
import { formatBytes, formatDuration } from '../../text/quantity.ts';
import { ProgressTally, shortLabel } from './progress-tally.ts';

const interval = 10_000;

/** Plain lines for a log: one when something is finished, and every ten seconds one about how far all of it is. */
export function createProgressLines(write: (line: string) => void, clock: MonotonicClock): Progress {
  const tally = new ProgressTally();
  let told: number | undefined;
  return {
    start(label, bytes) {
      tally.start(label, bytes, clock.monotonic());
    },
    advance(label, bytes) {
      tally.advance(label, bytes);
      const now = clock.monotonic();
      told ??= now;
      if (now - told < interval) return;
      told = now;
      const { total, done, rate, milliseconds } = tally.sum(now);
      const left = milliseconds === undefined ? '' : `, ${formatDuration(milliseconds)} left`;
      write(`${formatBytes(done)} of ${formatBytes(total)}, ${formatBytes(rate)}/s${left}`);
    },
    finish(label, note) {
      tally.finish(label);
      const { items, finished } = tally.sum(clock.monotonic());
      write(`${finished}/${items} ${shortLabel(label)} ${note ?? 'done'}`);
    },
  };
}

/** Progress for programs: one JSON document a line, each label at most once a second. */
export function createProgressEvents(write: (line: string) => void, clock: MonotonicClock): Progress {
  const items = new Map<string, { total: number; done: number; told: number }>();
  const tell = (event: string, label: string, fields: Readonly<Record<string, unknown>>) =>
    write(JSON.stringify({ event, label, ...fields }));
  return {
    start(label, bytes) {
      items.set(label, { total: bytes, done: 0, told: clock.monotonic() });
      tell('start', label, { bytes });
    },
    advance(label, bytes) {
      const item = items.get(label);
      if (item === undefined) return;
      item.done += bytes;
      const now = clock.monotonic();
      if (now - item.told < 1000) return;
      item.told = now;
      tell('progress', label, { done: item.done, bytes: item.total });
    },
    finish(label, note) {
      const item = items.get(label);
      items.delete(label);
      tell('finish', label, { bytes: item?.total, ...(note === undefined ? {} : { note }) });
    },
  };
}
