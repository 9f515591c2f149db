import { inspect } from 'node:util';
import { destination } from 'pino';
import type { Log } from '../ports/log.ts';

/** A log that writes JSON lines on standard error, through pino's buffered output. */
export interface PinoLog extends Log {
  setLevel(level: LogLevel): void;
  /** Writes out what is still in memory. To be called before the process ends. */
  flush(): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Lines are gathered for this many milliseconds, and up to this many characters: a system call for each is dear. */
const gatherTime = 100;
const gatherLength = 32 * 1024;
/** What a log that nobody reads may take before lines are dropped: a blocked pipe must not stop the server. */
const pendingLimit = 16 * 1024 * 1024;

/** @param descriptor the file descriptor to write to */
export function createPinoLog(level: LogLevel, descriptor = 2): PinoLog {
  const output = destination({
    dest: descriptor,
    sync: false,
    maxWrite: 2 * gatherLength,
    maxLength: pendingLimit,
  });
  // pino's own gathering measures all that it has gathered at each line.
  let gathered = '';
  let timer: NodeJS.Timeout | undefined;
  const pass = () => {
    clearTimeout(timer);
    timer = undefined;
    if (gathered !== '') output.write(gathered);
    gathered = '';
  };
  let least = ranks[level];
  const write = (level: LogLevel, event: string, fields: Readonly<Record<string, unknown>> | undefined) => {
    if (ranks[level] < least) return;
    const line: Record<string, unknown> = { level, time: isoTime(Date.now()), event, ...fields };
    if (line.error !== undefined) line.error = describeError(line.error);
    gathered += `${stringify(line)}\n`;
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
      try {
        pass();
        output.flushSync();
      } catch {
        // Standard error is gone or was never opened: there is nobody left to tell.
      }
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
