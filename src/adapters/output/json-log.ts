import { inspect } from 'node:util';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import { visible } from '../../text/visible.ts';
import { createLogOutput } from './log-output.ts';

/** A log that writes JSON lines. It holds nothing up: lines that cannot be written are dropped, and counted. */
export interface JsonLog extends Log {
  setLevel(level: LogLevel): void;
  /** Writes out what is still in memory. To be called before the process ends. */
  flush(): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Lines are gathered for this many milliseconds, and up to this many characters: a system call for each is dear. */
const gatherTime = 100;
const gatherLength = 32 * 1024;

/** @param descriptor the file descriptor to write to: standard error, when nothing is said */
export function createJsonLog(level: LogLevel, clock: Clock, descriptor = 2): JsonLog {
  const output = createLogOutput(descriptor, (lost, reason) =>
    lineOf('warn', 'log lines lost', { lost, reason }),
  );
  let gathered = '';
  let lines = 0;
  let timer: NodeJS.Timeout | undefined;
  const passTo = (take: (text: string, lines: number) => void) => {
    clearTimeout(timer);
    timer = undefined;
    take(visible(gathered), lines);
    gathered = '';
    lines = 0;
  };
  const pass = () => passTo((text, lines) => output.write(text, lines));
  const lineOf = (level: LogLevel, event: string, fields: Readonly<Record<string, unknown>> | undefined) => {
    const line: Record<string, unknown> = { level, time: isoTime(clock.now()), event, ...fields };
    if (line.error !== undefined) line.error = describeError(line.error);
    return `${stringify(line)}\n`;
  };
  let least = ranks[level];
  const write = (level: LogLevel, event: string, fields: Readonly<Record<string, unknown>> | undefined) => {
    if (ranks[level] < least) return;
    gathered += lineOf(level, event, fields);
    lines += 1;
    if (gathered.length >= gatherLength) pass();
    else timer ??= setTimeout(pass, gatherTime).unref();
  };
  return {
    debug: (event, fields) => write('debug', event, fields),
    info: (event, fields) => write('info', event, fields),
    warn: (event, fields) => write('warn', event, fields),
    error: (event, fields) => write('error', event, fields),
    keepsInfo: () => ranks.info >= least,
    setLevel(level) {
      least = ranks[level];
    },
    flush() {
      // Not by way of write(), whose writing ends some time later.
      passTo((text, lines) => output.flush(text, lines));
    },
  };
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** Nothing is thrown, and no line is lost, because of a value that JSON cannot have. */
function stringify(line: Readonly<Record<string, unknown>>): string {
  try {
    return JSON.stringify(line);
  } catch {
    const entries = Object.entries(line).map(([key, value]) => {
      const plain = typeof value !== 'object' && typeof value !== 'bigint';
      return [key, plain ? value : inspect(value)] as const;
    });
    return JSON.stringify(Object.fromEntries(entries));
  }
}

/** An error with its causes: the stack only of what is not a SignpostError, whose message says enough. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { message, cause } = error;
  const code = (error as { code?: unknown }).code;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    message,
    ...(error.name === 'SignpostError' ? {} : { stack: error.stack }),
    ...(cause === undefined ? {} : { cause: describeError(cause) }),
  };
}

let second = -1;
let prefix = '';

/** `2026-01-31T12:00:00.123Z`; the part before the milliseconds is made once a second. */
function isoTime(now: number): string {
  const current = Math.floor(now / 1000);
  if (current !== second) {
    second = current;
    prefix = new Date(current * 1000).toISOString().slice(0, 20);
  }
  return `${prefix}${String(now - current * 1000).padStart(3, '0')}Z`;
}
