import { SignpostError } from '../../oci/errors.ts';
import { BodyWatch, type Pace } from './body-watch.ts';
import type { Answer } from './transport.ts';

/**
 * Gives an answer's body to `take` piece by piece, and no more than `limit` bytes, without a promise for each of them as
 * `readBody` has. No other piece comes until what `take` returned is resolved.
 * @throws SignpostError UNAVAILABLE when it ends early, stands still or comes too slowly; CANCELLED; what `take` throws
 */
export function takeBody(
  { message, url }: Answer,
  pace: Pace,
  signal: AbortSignal,
  limit: number,
  take: (piece: Buffer) => Promise<void> | undefined,
): Promise<'ended' | 'longer'> {
  return new Promise((resolve, reject) => {
    let received = 0;
    const watch = new BodyWatch(message, url.host, pace);
    const leave = () => {
      watch.stop();
      message.off('data', onData).off('close', onClose);
      if (!message.readableEnded) message.destroy();
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
    const goOn = () => {
      watch.wait();
      message.resume();
    };
    const onData = (piece: Buffer) => {
      try {
        watch.took(piece.length);
      } catch (error) {
        return broken(error as Error);
      }
      if (received + piece.length > limit) {
        leave();
        resolve('longer');
        return;
      }
      received += piece.length;
      try {
        const taken = take(piece);
        if (taken === undefined) return watch.wait();
        message.pause();
        taken.then(goOn, fail);
      } catch (error) {
        fail(error as Error);
      }
    };
    const onClose = () => broken(null);
    if (message.destroyed) return broken(message.errored);
    message.on('error', broken).on('close', onClose);
    message.on('end', () => {
      if (!message.complete) return broken(null);
      leave();
      resolve('ended');
    });
    watch.wait();
    message.on('data', onData);
  });
}
