import { constants, fstatSync, openSync, write, writeSync } from 'node:fs';

/** Where the lines of a log go. Writing never waits and never throws: lines that cannot be written are dropped. */
export interface LogOutput {
  /** Writes `text`, which is `lines` whole lines. */
  write(text: string, lines: number): void;
  /** Writes out what is still in memory, then `text`, for a second at most. To be called before the process ends. */
  flush(text?: string, lines?: number): void;
}

interface Chunk {
  readonly bytes: Buffer;
  readonly lines: number;
}

/** What an output that takes nothing may hold in memory before lines are dropped, in bytes. */
const pendingLimit = 16 * 1024 * 1024;
/** How long a full pipe is left alone, and how long the end of the process waits for one, in milliseconds. */
const fullPause = 50;
const flushPatience = 1000;
const flushPause = 10;

/**
 * Writes to a file descriptor. A full disk, a closed pipe and a reader that has stopped cost lines, and never more:
 * the registry goes on answering, and ends when it is told to.
 * @param notice makes the line that tells, once writing works again, how many lines were lost, and why
 */
export function createLogOutput(
  descriptor: number,
  notice: (lost: number, reason: string) => string,
): LogOutput {
  const file = withoutBlocking(descriptor);
  const queue: Chunk[] = [];
  let pending = 0;
  let lost = 0;
  let reason = '';
  let busy = false;

  const drop = (chunk: Chunk, why: string) => {
    lost += chunk.lines;
    reason = why;
  };
  const next = (): Chunk | undefined => {
    const chunk = queue.shift();
    if (chunk !== undefined) pending -= chunk.bytes.length;
    return chunk;
  };
  const pump = () => {
    const chunk = busy ? undefined : next();
    if (chunk === undefined) return;
    busy = true;
    send(chunk, 0);
  };
  const send = (chunk: Chunk, offset: number) => {
    write(file, chunk.bytes, offset, chunk.bytes.length - offset, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => send(chunk, offset), fullPause).unref();
        return;
      }
      const end = offset + written;
      if (error === null && end < chunk.bytes.length) {
        send(chunk, end);
        return;
      }
      if (error !== null) drop(chunk, error.code ?? error.message);
      else if (lost > 0) {
        // First of all: while it cannot be written either, what it tells is not forgotten.
        const bytes = Buffer.from(notice(lost, reason));
        queue.unshift({ bytes, lines: lost });
        pending += bytes.length;
        lost = 0;
      }
      busy = false;
      pump();
    });
  };

  return {
    write(text, lines) {
      const chunk = { bytes: Buffer.from(text), lines };
      if (pending + chunk.bytes.length > pendingLimit) {
        drop(chunk, 'the reader is too slow');
        return;
      }
      queue.push(chunk);
      pending += chunk.bytes.length;
      pump();
    },
    flush(text = '', lines = 0) {
      queue.push({ bytes: Buffer.from(text), lines });
      const until = performance.now() + flushPatience;
      for (let chunk = next(); chunk !== undefined; chunk = next()) {
        if (!writeWhole(file, chunk.bytes, until)) break;
      }
      queue.length = 0;
      pending = 0;
    },
  };
}

function writeWhole(file: number, bytes: Buffer, until: number): boolean {
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(file, bytes, offset);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || performance.now() >= until) return false;
      Atomics.wait(sleeper, 0, 0, flushPause);
    }
  }
  return true;
}

const sleeper = new Int32Array(new SharedArrayBuffer(4));

/**
 * A write to a full pipe holds a thread of the pool until somebody reads, and the process does not end before its
 * threads. Opened anew, a pipe can be told not to block without changing it for the others that have it.
 */
function withoutBlocking(descriptor: number): number {
  try {
    if (!fstatSync(descriptor).isFIFO()) return descriptor;
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}
