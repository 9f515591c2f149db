import { SignpostError } from '../../../oci/errors.ts';
import { isPassing } from '../../http-client/network-error.ts';
import { readBounded } from '../../http-client/read-body.ts';
import type { Answer } from '../../http-client/transport.ts';
import type { SourcePatience, SourceRetry } from '../source-options.ts';
import { decodeBody } from './decode-body.ts';
import type { RegistryClient } from './registry-client.ts';

/** What to ask for that is held in memory. */
export interface SmallRequest {
  readonly path: string;
  /** The media types for the Accept header. */
  readonly accept: string;
  /** In bytes, as they come and as they are when a Content-Encoding is undone. */
  readonly limit: number;
  /** Names it in messages. */
  readonly what: string;
}

export interface SmallAnswer {
  readonly bytes: Buffer;
  readonly answer: Answer;
}

/**
 * Fetches small things: whole, and once more where a connection drops. All of them together have a time, so that a
 * registry that always answers slowly does not hold its client for ever.
 * @throws SignpostError what the client throws; UNAVAILABLE when that time is over; LIMIT_EXCEEDED
 */
export type FetchSmall = (request: SmallRequest) => Promise<SmallAnswer>;

export function createFetchSmall(deps: {
  readonly client: RegistryClient;
  readonly host: string;
  readonly patience: SourcePatience;
  readonly retry: SourceRetry;
  readonly ended: AbortSignal;
}): FetchSmall {
  const { client, host, patience, retry, ended } = deps;
  let spent = 0;

  const read = async ({ path, accept, limit, what }: SmallRequest, signal: AbortSignal) => {
    for (let failures = 1; ; failures++) {
      const answer = await client.get(path, { Accept: accept }, signal, what);
      try {
        const bytes = await readBounded(answer, limit, patience, signal, what);
        return { answer, bytes: await decodeBody(answer, bytes, limit, what) };
      } catch (error) {
        if (!isPassing(error) || failures >= retry.attempts) throw error;
        await client.pause(failures, signal);
      }
    }
  };

  return async (request) => {
    const started = performance.now();
    const timeout = AbortSignal.timeout(Math.max(0, Math.floor(patience.smallAnswers - spent)));
    try {
      return await read(request, AbortSignal.any([ended, timeout]));
    } catch (cause) {
      if (ended.aborted || !timeout.aborted) throw cause;
      throw new SignpostError(
        'UNAVAILABLE',
        `${host} is too slow: its answers have taken more than ${patience.smallAnswers / 1000} seconds together`,
        { cause },
      );
    } finally {
      spent += performance.now() - started;
    }
  };
}
