import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { SignpostError } from '../../oci/errors.ts';

/** How long a child may take to stop after it was asked to, in milliseconds. */
const stopGrace = 5000;
/** How many of a child's last lines on standard error are kept for the message when it fails. */
const keptLines = 20;

export interface ChildOptions {
  /** For messages: `signpost publish`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Told of each line on standard output. */
  readonly onLine?: (line: string) => void;
  /** Told when the child ends without having been asked to. */
  readonly onDeath?: (error: SignpostError) => void;
}

/** A process that was started and runs until it is stopped or its job is done. */
export interface Child {
  readonly pid: number | undefined;
  /** Asks it to stop, waits, and kills it when it takes too long. */
  stop(): Promise<void>;
  /** Waits for it to end by itself. Throws SignpostError UNAVAILABLE when that was a failure. */
  finish(): Promise<void>;
}

/**
 * Starts a process in a session of its own, so that Ctrl-C in the terminal reaches the parent alone, which then stops
 * its children in order. Its standard input stays open for as long as the parent lives (see end-with-parent.ts).
 */
export function startChild(options: ChildOptions): Child {
  const child = spawn(options.command, options.args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const errors: string[] = [];
  let stopping = false;
  createInterface({ input: child.stdout }).on('line', (line) => options.onLine?.(line));
  createInterface({ input: child.stderr }).on('line', (line) => {
    errors.push(line);
    if (errors.length > keptLines) errors.shift();
  });
  // 'close' comes after the last line of output, 'exit' may come before it.
  const ended = once(child, 'close').then(
    () => (child.exitCode === 0 ? undefined : failure(options.name, child, errors)),
    (cause: unknown) =>
      new SignpostError('UNAVAILABLE', `cannot start ${options.name}: ${(cause as Error).message}`, {
        cause,
      }),
  );
  void ended.then((error) => {
    if (!stopping)
      options.onDeath?.(error ?? new SignpostError('UNAVAILABLE', `${options.name} ended by itself`));
  });
  return {
    pid: child.pid,
    stop: async () => {
      stopping = true;
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      const timer = new AbortController();
      await Promise.race([
        ended,
        wait(stopGrace, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      timer.abort();
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
    finish: async () => {
      const error = await ended;
      if (error !== undefined) throw error;
    },
  };
}

function failure(name: string, child: ChildProcess, errors: readonly string[]): SignpostError {
  const how = child.signalCode === null ? `with status ${child.exitCode}` : `by ${child.signalCode}`;
  return new SignpostError('UNAVAILABLE', [`${name} ended ${how}`, ...errors].join('\n  '));
}
