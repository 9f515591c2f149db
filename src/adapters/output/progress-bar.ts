import type { MonotonicClock } from '../../ports/clock.ts';
import type { Progress } from '../../ports/progress.ts';
import { formatBytes, formatDuration } from '../../text/quantity.ts';
import { ProgressTally } from './progress-tally.ts';

const interval = 100;
const barWidth = 24;

/** Where a bar is drawn: a terminal. */
export interface BarTerminal {
  readonly columns?: number;
  write(text: string): unknown;
}

/**
 * One line on a terminal, drawn again ten times a second at most. Disposing of it clears the line, so that what is
 * printed next starts on a clean one.
 */
export function createProgressBar(terminal: BarTerminal, clock: MonotonicClock): Progress & Disposable {
  const tally = new ProgressTally();
  let drawn = -Infinity;

  const draw = (force: boolean) => {
    const now = clock.monotonic();
    if (!force && now - drawn < interval) return;
    drawn = now;
    // Without the last column: some terminals wrap when it is written.
    terminal.write(`\r${formatLine(tally, now).slice(0, (terminal.columns ?? 80) - 1)}\u001B[K`);
  };

  return {
    start(label, bytes) {
      tally.start(label, bytes, clock.monotonic());
      draw(false);
    },
    advance(label, bytes) {
      tally.advance(label, bytes);
      draw(false);
    },
    finish(label) {
      tally.finish(label);
      draw(true);
    },
    [Symbol.dispose]() {
      if (drawn > -Infinity) terminal.write('\r\u001B[K');
    },
  };
}

function formatLine(tally: ProgressTally, now: number): string {
  const { items, finished, total, done, rate, milliseconds } = tally.sum(now);
  const share = total === 0 ? 1 : Math.min(1, Math.max(0, done / total));
  const filled = Math.round(share * barWidth);
  const bar = `[${'#'.repeat(filled)}${'-'.repeat(barWidth - filled)}]`;
  const left = milliseconds === undefined ? '' : `  ${formatDuration(milliseconds)} left`;
  return (
    `${bar} ${String(Math.floor(share * 100)).padStart(3)}%  ${formatBytes(done)} of ${formatBytes(total)}  ` +
    `${finished} of ${items} done  ${formatBytes(rate)}/s${left}`
  );
}
