import type { IncomingMessage } from 'node:http';
import { SignpostError } from '../../oci/errors.ts';

/** What a source has to send in the time of a timeout while it is waited for, in bytes. */
const leastProgress = 16 * 1024;
const looksPerTimeout = 4;

/**
 * The pieces of a body. A source that stands still, or sends so little that it only seems not to, is given up after
 * `timeout` milliseconds of waiting for it; the time in which the pieces are worked on is not held against it.
 */
export async function* readBody(
  response: IncomingMessage,
  timeout: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let received = 0;
  let counted = 0;
  let waited = 0;
  let isWaiting = true;
  const timer = setInterval(() => {
    if (!isWaiting) return;
    waited += 1;
    if (waited <= looksPerTimeout) return;
    if (received - counted < leastProgress) response.destroy(new Error('it sends too slowly'));
    waited = 0;
    counted = received;
  }, timeout / looksPerTimeout);
  const stop = () => response.destroy(new Error('stopped'));
  signal.addEventListener('abort', stop);
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      received += piece.length;
      isWaiting = false;
      yield piece;
      isWaiting = true;
    }
    if (response.complete) return;
    throw new SignpostError('UNAVAILABLE', `the connection closed after ${received} bytes`);
  } catch (cause) {
    if (signal.aborted) throw new SignpostError('CANCELLED', 'stopped', { cause });
    if (cause instanceof SignpostError) throw cause;
    throw new SignpostError('UNAVAILABLE', `${(cause as Error).message} (after ${received} bytes)`, {
      cause,
    });
  } finally {
    clearInterval(timer);
    signal.removeEventListener('abort', stop);
    if (!response.complete || !response.readableEnded) response.destroy();
  }
}
