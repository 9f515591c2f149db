import type { IncomingMessage } from 'node:http';
import { SignpostError } from '../../oci/errors.ts';
import { BodyWatch, type Pace } from './body-watch.ts';
import { describeNetworkError, passingError } from './network-error.ts';
import type { Answer } from './transport.ts';

const discardLimit = 64 * 1024;

/**
 * The pieces of an answer's body.
 * @throws SignpostError UNAVAILABLE when the body ends early, stands still or is too slow; CANCELLED
 */
export async function* readBody(
  { message, url }: Answer,
  pace: Pace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const watch = new BodyWatch(message, url.host, pace);
  const pieces = message[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      watch.wait();
      const next = await pieces.next();
      if (next.done === true) break;
      watch.took(next.value.length);
      yield next.value;
    }
    if (!message.complete) throw passingError(`${url.host} has ended the body early`);
  } catch (error) {
    throw describeNetworkError(error, url, signal);
  } finally {
    watch.stop();
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
  pace: Pace,
  signal: AbortSignal,
  what: string,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of readBody(answer, pace, signal)) {
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
