import type { IncomingMessage } from 'node:http';
import { SignpostError } from '../../../oci/errors.ts';
import { describeNetworkError, passingError } from './network-error.ts';
import type { Answer } from './transport.ts';

const discardLimit = 64 * 1024;

/**
 * The pieces of an answer's body. `idle` is how long the peer may be silent, in milliseconds; the time that the
 * reader takes for itself does not count.
 * @throws SignpostError UNAVAILABLE when the body ends early or stands still, CANCELLED
 */
export async function* readBody(
  { message, url }: Answer,
  idle: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting = false;
  const timer = setTimeout(() => {
    if (waiting) message.destroy(passingError(`${url.host} has sent nothing for ${idle} ms`));
  }, idle);
  const pieces = message[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      waiting = true;
      timer.refresh();
      const next = await pieces.next();
      waiting = false;
      if (next.done === true) break;
      yield next.value;
    }
    if (!message.complete) throw passingError(`${url.host} has ended the body early`);
  } catch (error) {
    throw describeNetworkError(error, url, signal);
  } finally {
    clearTimeout(timer);
    message.destroy();
  }
  if (signal.aborted) throw describeNetworkError(undefined, url, signal);
}

/**
 * A body of at most `limit` bytes, whole. `what` names it in messages.
 * @throws SignpostError LIMIT_EXCEEDED and what {@link readBody} throws
 */
export async function readBounded(
  answer: Answer,
  limit: number,
  idle: number,
  signal: AbortSignal,
  what: string,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of readBody(answer, idle, signal)) {
    size += piece.length;
    if (size > limit) {
      throw new SignpostError(
        'LIMIT_EXCEEDED',
        `${what} from ${answer.url.host} has more than ${limit} bytes`,
      );
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** Gets rid of a body that nobody wants; the connection is kept when that costs little. */
export function discardBody(message: IncomingMessage): void {
  if (Number(message.headers['content-length'] ?? Infinity) <= discardLimit) message.resume();
  else message.destroy();
}
