import type { IncomingMessage } from 'node:http';
import { SignpostError } from '../../oci/errors.ts';
import type { ReadBody } from '../../ports/content-source.ts';

/** What a source has to send in the time of a timeout while it is waited for, in bytes. */
const leastProgress = 16 * 1024;
/**
 * What one has to send that nobody here has named, in bytes a second: as much as a Mirror List wants its own clients to
 * take. A mirror that it sends on to could otherwise hold up a sync for weeks, while it is quick for everybody else.
 */
const leastRate = 16 * 1024;
const looksPerTimeout = 4;

/**
 * Reads a body. A source that stands still, or sends so little that it only seems not to, is given up after `timeout`
 * milliseconds of waiting for it; the time in which the pieces are worked on is not held against it.
 */
export function readBody(
  response: IncomingMessage,
  { timeout, isNamed }: { readonly timeout: number; readonly isNamed: boolean },
  signal: AbortSignal,
): ReadBody {
  const least = isNamed ? leastProgress : Math.max(leastProgress, (leastRate * timeout) / 1000);
  return (limit, take) =>
    new Promise((resolve, reject) => {
      let received = 0;
      let counted = 0;
      let waited = 0;
      let isWaiting = true;
      const timer = setInterval(() => {
        if (!isWaiting) return;
        waited += 1;
        if (waited <= looksPerTimeout) return;
        if (received - counted < least) response.destroy(new Error('it sends too slowly'));
        waited = 0;
        counted = received;
      }, timeout / looksPerTimeout);
      const leave = () => {
        clearInterval(timer);
        response.off('data', onData).off('close', onClose);
        if (!response.readableEnded) response.destroy();
      };
      const fail = (error: Error) => {
        leave();
        reject(error);
      };
      const broken = (cause: Error | null) => {
        if (signal.aborted) return fail(new SignpostError('CANCELLED', 'stopped', { cause }));
        const what = cause?.message ?? 'the connection closed';
        fail(new SignpostError('UNAVAILABLE', `${what} (after ${received} bytes)`, { cause }));
      };
      const onData = (piece: Buffer) => {
        if (received + piece.length > limit) {
          leave();
          resolve('longer');
          return;
        }
        received += piece.length;
        try {
          const taken = take(piece);
          if (taken === undefined) return;
          isWaiting = false;
          response.pause();
          taken.then(() => {
            isWaiting = true;
            response.resume();
          }, fail);
        } catch (error) {
          fail(error as Error);
        }
      };
      const onClose = () => broken(null);
      if (response.destroyed) return broken(response.errored);
      response.on('error', broken).on('close', onClose);
      response.on('end', () => {
        if (!response.complete) return broken(null);
        leave();
        resolve('ended');
      });
      response.on('data', onData);
    });
}
