import type { Readable } from 'node:stream';
import { SignpostError } from '../../oci/errors.ts';

const lineLimit = 4096;
/** How long somebody who pipes an answer may take to give it, in milliseconds. */
const patience = 30_000;

/**
 * The next line of standard input that is no terminal; undefined when it ends, or stays silent, before there is one. What
 * comes after the line is left for the next question.
 * @throws SignpostError USAGE for a line that is too long, CANCELLED
 */
export async function readPipedLine(stdin: Readable, signal: AbortSignal): Promise<string | undefined> {
  const pieces: Buffer[] = [];
  const late = AbortSignal.timeout(patience);
  for (;;) {
    const piece = stdin.readableEnded ? null : (stdin.read() as Buffer | string | null);
    if (piece === null) {
      if (
        stdin.readableEnded ||
        stdin.destroyed ||
        !(await isReadable(stdin, AbortSignal.any([signal, late])))
      ) {
        if (signal.aborted) throw new SignpostError('CANCELLED', 'stopped while asking');
        return pieces.length === 0 ? undefined : Buffer.concat(pieces).toString('utf8');
      }
      continue;
    }
    const bytes = Buffer.from(piece);
    const end = bytes.indexOf(0x0a);
    pieces.push(end < 0 ? bytes : bytes.subarray(0, end));
    if (pieces.reduce((sum, { length }) => sum + length, 0) > lineLimit) {
      throw new SignpostError('USAGE', `the answer on standard input is longer than ${lineLimit} bytes`);
    }
    if (end < 0) continue;
    if (end + 1 < bytes.length) stdin.unshift(bytes.subarray(end + 1));
    return Buffer.concat(pieces).toString('utf8').replace(/\r$/, '');
  }
}

/** Waits until there may be more; false when there will be nothing. */
function isReadable(stdin: Readable, stop: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const done = (more: boolean) => {
      stdin.off('readable', onReadable).off('end', onEnd).off('error', onEnd).off('close', onEnd);
      stop.removeEventListener('abort', onEnd);
      resolve(more);
    };
    const onReadable = () => done(true);
    const onEnd = () => done(false);
    stdin.on('readable', onReadable).on('end', onEnd).on('error', onEnd).on('close', onEnd);
    stop.addEventListener('abort', onEnd, { once: true });
    if (stop.aborted) done(false);
  });
}
