import { destination, pino } from 'pino';
import type { Log } from '../ports/log.ts';

/** A log that writes JSON lines on standard error. */
export interface PinoLog extends Log {
  setLevel(level: LogLevel): void;
  /** Writes out what is still in memory. To be called before the process ends. */
  flush(): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Lines are gathered this long, in milliseconds, and up to this many bytes, so that a line costs no system call. */
const flushInterval = 200;
const bufferBytes = 64 * 1024;
/** What a log that nobody reads may take before lines are dropped: a blocked pipe must not stop the server. */
const pendingLimit = 16 * 1024 * 1024;

/** @param descriptor the file descriptor to write to */
export function createPinoLog(level: LogLevel, descriptor = 2): PinoLog {
  const output = destination({
    dest: descriptor,
    sync: false,
    minLength: bufferBytes,
    maxWrite: 4 * bufferBytes,
    maxLength: pendingLimit,
    periodicFlush: flushInterval,
  });
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'event',
      timestamp: () => `,"time":"${isoTime(Date.now())}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    output,
  );
  return {
    debug: (event, fields) => logger.debug(fields ?? {}, event),
    info: (event, fields) => logger.info(fields ?? {}, event),
    warn: (event, fields) => logger.warn(fields ?? {}, event),
    error: (event, fields) => logger.error(fields ?? {}, event),
    setLevel(level) {
      logger.level = level;
    },
    flush() {
      try {
        output.flushSync();
      } catch {
        // Standard error is gone or was never opened: there is nobody left to tell.
      }
    },
  };
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
