import { createProgressBar } from '../../adapters/output/progress-bar.ts';
import { createProgressEvents, createProgressLines } from '../../adapters/output/progress-lines.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Terminal } from './command.ts';

/** Progress as it suits whoever looks: events for programs, a bar on a terminal, lines in a log. */
export function composeProgress(terminal: Terminal, json: boolean): Progress & Disposable {
  const clock = createSystemClock();
  if (json) {
    return notDisposed(createProgressEvents((line) => terminal.stdout.write(`${line}\n`), clock));
  }
  if (terminal.stderr.isTTY) return createProgressBar(terminal.screen, clock);
  return notDisposed(createProgressLines((line) => terminal.stderr.write(`${line}\n`), clock));
}

function notDisposed(progress: Progress): Progress & Disposable {
  return { ...progress, [Symbol.dispose]: () => {} };
}
