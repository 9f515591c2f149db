import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { finished } from 'node:stream/promises';
import { setTimeout as wait } from 'node:timers/promises';

/** How long a child may take to stop after it was asked to, in milliseconds: longer than a server's own grace. */
const stopGrace = 12_000;
/** How many of a child's last lines on standard error are kept for messages. */
const keptLines = 20;

export interface ChildOptions {
  /** For messages: `signpost publish`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Told of each line on standard output. */
  readonly onLine?: (line: string) => void;
  /** A file that takes all of standard error. */
  readonly log?: string;
}

/** How a child ended. */
export interface ChildEnd {
  /** Its exit status; undefined when a signal ended it or it could not be started. */
  readonly status: number | undefined;
  /** What happened, with the last lines that it wrote on standard error. */
  readonly message: string;
}

export interface Child {
  readonly ended: Promise<ChildEnd>;
  /** Asks it to stop, waits, and kills it when it takes too long. */
  stop(): Promise<void>;
}

/**
 * Starts a process in a session of its own, so that Ctrl-C in the terminal reaches the parent alone, which then stops
 * its children in order. Its standard input stays open for as long as the parent lives (see end-with-parent.ts).
 */
export function startChild(options: ChildOptions): Child {
  const child = spawn(options.command, options.args, {
    detached: true,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.environment,
  });
  const lastLines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => options.onLine?.(line));
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastLines.push(line);
    if (lastLines.length > keptLines) lastLines.shift();
  });
  // A log that cannot be written is no reason to stop: the last lines are kept anyway.
  const logged =
    options.log === undefined
      ? undefined
      : finished(child.stderr.pipe(createWriteStream(options.log))).catch(() => undefined);
  // 'close' comes after the last line of output; 'exit' may come before it.
  const ended = once(child, 'close').then(
    async () => {
      await logged;
      const how = child.signalCode === null ? `with status ${child.exitCode}` : `by ${child.signalCode}`;
      const message = [`${options.name} ended ${how}`, ...lastLines].join('\n  ');
      return { status: child.exitCode ?? undefined, message };
    },
    (cause: Error) => ({ status: undefined, message: `cannot start ${options.name}: ${cause.message}` }),
  );
  return {
    ended,
    stop: async () => {
      // kill() does nothing to a process that has ended and been waited for.
      child.kill('SIGTERM');
      const timer = new AbortController();
      const late = wait(stopGrace, undefined, { signal: timer.signal }).catch(() => undefined);
      await Promise.race([ended, late]);
      timer.abort();
      child.kill('SIGKILL');
      await ended;
    },
  };
}
