import type { IncomingMessage } from 'node:http';
import { SignpostError } from '../../oci/errors.ts';
import { describeNetworkError, passingError } from './network-error.ts';
import type { Patience } from './patience.ts';
import type { Answer } from './transport.ts';

type Pace = Pick<Patience, 'idle' | 'leastRate'>;

const discardLimit = 64 * 1024;

/**
 * The pieces of an answer's body. A peer that is silent for `idle` may be asked again; one that sends so little that it
 * only seems not to is given up for good. The time that the reader takes for itself does not count.
 * @throws SignpostError UNAVAILABLE when the body ends early, stands still or is too slow; CANCELLED
 */
export async function* readBody(
  { message, url }: Answer,
  { idle, leastRate }: Pace,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let waiting = false;
  const timer = setTimeout(() => {
    if (waiting) message.destroy(passingError(`${url.host} has sent nothing for ${idle} ms`));
  }, idle);
  const pieces = message[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let waited = 0;
  let received = 0;
  try {
    for (;;) {
      waiting = true;
      timer.refresh();
      const asked = performance.now();
      const next = await pieces.next();
      waiting = false;
      if (next.done === true) break;
      waited += performance.now() - asked;
      received += next.value.length;
      if (waited >= idle) {
        if (received < (leastRate * idle) / 1000) throw tooSlow(url, leastRate);
        waited = 0;
        received = 0;
      }
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

function tooSlow(url: URL, leastRate: number): SignpostError {
  return new SignpostError(
    'UNAVAILABLE',
    `${url.host} sends too slowly: less than ${leastRate / 1024} KiB a second`,
  );
}
