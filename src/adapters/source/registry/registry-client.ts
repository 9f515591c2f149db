import { setTimeout as sleep } from 'node:timers/promises';
import { quote } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { parseJson } from '../../../oci/parse-json.ts';
import { describeNetworkError, isPassing, passingError } from '../../http-client/network-error.ts';
import { followRedirects } from '../../http-client/follow-redirects.ts';
import type { Patience } from '../../http-client/patience.ts';
import { discardBody, readBounded } from '../../http-client/read-body.ts';
import { readRetryAfter } from '../../http-client/retry-after.ts';
import type { Answer, Transport } from '../../http-client/transport.ts';
import type { SourceRetry } from '../source-options.ts';
import type { RegistryAuthorization } from './authorization.ts';

const errorLimit = 16 * 1024;
/** RFC 9110, section 15.5.9; RFC 8470, section 5.2; RFC 6585, section 4. */
const passingStatuses: ReadonlySet<number> = new Set([408, 425, 429]);

export interface RegistryClientDeps {
  readonly transport: Transport;
  readonly authorization: RegistryAuthorization;
  readonly base: URL;
  readonly patience: Patience;
  readonly retry: SourceRetry;
}

/** GET requests to one registry: with authorization, redirects and patience. */
export interface RegistryClient {
  /**
   * Answers with status 200 or 206, or 416 to a Range. `what` names the thing in messages.
   * @throws SignpostError NOT_FOUND, DENIED, UNAVAILABLE, SOURCE_INVALID, CANCELLED
   */
  get(
    path: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
    what: string,
  ): Promise<Answer>;
  /** Waits before the try after `failures` failed ones. @throws SignpostError CANCELLED */
  pause(failures: number, signal: AbortSignal): Promise<void>;
}

export function createRegistryClient(deps: RegistryClientDeps): RegistryClient {
  const { base, retry } = deps;
  const pause = async (failures: number, signal: AbortSignal, atLeast = 0) => {
    const time = Math.min(Math.max(retry.pause * 2 ** (failures - 1), atLeast), retry.longestPause);
    try {
      await sleep(time, undefined, { signal });
    } catch (error) {
      throw describeNetworkError(error, base, signal);
    }
  };
  return {
    pause,
    get: async (path, headers, signal, what) => {
      for (let failures = 1; ; failures++) {
        let wait = 0;
        try {
          const answer = await follow(deps, new URL(path, base), headers, signal);
          if (answer.status === 200 || answer.status === 206) return answer;
          if (answer.status === 416 && headers.Range !== undefined) return answer;
          wait = readRetryAfter(answer.message.headers) ?? 0;
          throw await describeAnswer(answer, deps, signal, what);
        } catch (error) {
          if (!isPassing(error) || failures >= retry.attempts) throw error;
          if (wait > retry.longestPause) {
            throw new SignpostError('UNAVAILABLE', `${base.host} asks to come back in ${wait} ms`, {
              cause: error,
            });
          }
          await pause(failures, signal, wait);
        }
      }
    },
  };
}

// The credentials never leave the registry that they are for.
async function follow(
  { transport, authorization, base }: RegistryClientDeps,
  start: URL,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Answer> {
  let renewed = false;
  const send = async (url: URL): Promise<Answer> => {
    const atHome = url.origin === base.origin;
    const used = atHome ? authorization.header : undefined;
    const own = used === undefined ? headers : { ...headers, Authorization: used };
    const answer = await transport.send(url, { headers: own, signal });
    if (answer.status !== 401 || !atHome || renewed) return answer;
    renewed = true;
    discardBody(answer.message);
    await authorization.renew(answer, used);
    return send(url);
  };
  return followRedirects(start, send);
}

async function describeAnswer(
  answer: Answer,
  { patience, authorization, base }: RegistryClientDeps,
  signal: AbortSignal,
  what: string,
): Promise<SignpostError> {
  const { status, url } = answer;
  const said = await readErrorText(answer, patience, signal);
  // The query is left out: redirects carry signatures in it.
  const text = `${what}: ${url.host}${url.pathname} answers with status ${status}${said}`;
  if (status === 404) return new SignpostError('NOT_FOUND', text);
  if (status === 401 || status === 403) {
    const without = url.origin === base.origin ? authorization.missing : '';
    return new SignpostError('DENIED', `${text}${without}`);
  }
  if (status === 407) return new SignpostError('DENIED', `${text}: the proxy wants a user and a password`);
  if (passingStatuses.has(status) || status >= 500) return passingError(text);
  return new SignpostError('SOURCE_INVALID', text);
}

// distribution-spec 1.1, "Error Codes".
async function readErrorText(answer: Answer, patience: Patience, signal: AbortSignal): Promise<string> {
  try {
    const body = await readBounded(answer, errorLimit, patience, signal, 'the error');
    const { errors } = parseJson(body.toString('utf8'), 'the error', 'SOURCE_INVALID') as {
      errors?: { code?: unknown; message?: unknown }[];
    };
    const [first] = errors ?? [];
    return first === undefined ? '' : ` (${quote(first.code)}: ${quote(first.message)})`;
  } catch (error) {
    if (isSignpostError(error, 'CANCELLED')) throw error;
    return '';
  }
}
