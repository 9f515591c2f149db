import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { ContentSource, SourceAnswer } from '../../ports/content-source.ts';
import { followRedirects } from '../http-client/follow-redirects.ts';
import { readHttpUrl } from '../http-client/http-url.ts';
import { NetworkError } from '../http-client/network-error.ts';
import { readRetryAfter } from '../http-client/retry-after.ts';
import { AvoidedHosts } from './avoided-hosts.ts';
import { readBody } from './read-body.ts';
import { SourceRoom } from './source-room.ts';
import type { SourceClient } from './source-client.ts';

/** How many hosts are tried for one request that a source sends on. */
const hostsLimit = 4;
/** How long a source may say that it is busy, for one request. Milliseconds. */
const busyLimit = 120_000;
/** Whoever says that it takes longer is asked again all the same, and may say so again. Milliseconds. */
const longestPause = 30_000;
const leastPause = 1000;

/**
 * A copy of the tree below the URL `base`, over `client`. A Mirror List is one too: where it sends a request on to a
 * mirror that fails, it is asked for another one.
 */
export function createHttpContentSource(base: string, client: SourceClient): ContentSource {
  const root = base.replace(/\/+$/, '');
  const avoided = new AvoidedHosts();
  const room = new SourceRoom();

  /** One answer, or how many milliseconds the source asks to wait before it is asked again. */
  const ask = async (path: string, offset: number, signal: AbortSignal): Promise<SourceAnswer | number> => {
    const place = await room.enter();
    const url = new URL(`${root}/${path}`);
    // Whoever was asked has chosen the first other host and no more: what that leads to is that one's own doing.
    let via: string | undefined;
    const send = (at: URL) => {
      const isOwn = at.host === url.host;
      if (!isOwn) via ??= at.hostname;
      const headers = {
        ...(offset > 0 ? { Range: `bytes=${offset}-` } : {}),
        ...(isOwn ? avoided.header() : {}),
      };
      const pin = client.named.has(at.host) ? undefined : { orByProxy: true };
      return client.transport.send(at, { headers, pin, signal });
    };
    let response: IncomingMessage;
    try {
      response = (await followRedirects(url, send)).message;
    } catch (error) {
      place.leave();
      if (!isSignpostError(error)) throw error;
      return { kind: 'failed', detail: error instanceof NetworkError ? error.problem : error.message, via };
    }
    response.once('close', () => place.leave());
    const wait = via === undefined ? readBusy(response) : undefined;
    if (wait !== undefined) {
      place.refused();
      response.destroy();
      return wait;
    }
    const pace = { timeout: client.timeout, isNamed: via === undefined };
    return { ...describe(response, offset, pace, signal), via };
  };

  return {
    name: root,
    avoid: (host) => avoided.add(host),
    async open(path, offset, signal) {
      let waited = 0;
      for (let hosts = 1; ;) {
        const answer = await ask(path, offset, signal);
        if (typeof answer === 'number') {
          waited += answer;
          if (waited > busyLimit) return { kind: 'failed', detail: 'it has been busy for too long' };
          if (!(await pause(answer, signal))) return { kind: 'failed', detail: 'stopped' };
          continue;
        }
        if (answer.kind === 'found' || answer.via === undefined || hosts === hostsLimit) return answer;
        avoided.add(answer.via);
        hosts += 1;
      }
    },
  };
}

/** How long a source that has too much to do asks to wait (RFC 6585, section 4), in milliseconds. */
function readBusy({ statusCode, headers }: IncomingMessage): number | undefined {
  const wait = statusCode === 503 || statusCode === 429 ? readRetryAfter(headers) : undefined;
  return wait === undefined ? undefined : Math.min(longestPause, Math.max(leastPause, wait));
}

/** Returns whether the time has passed, and nobody has stopped it. */
async function pause(milliseconds: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(milliseconds, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}

function describe(
  response: IncomingMessage,
  offset: number,
  pace: Parameters<typeof readBody>[1],
  signal: AbortSignal,
): SourceAnswer {
  const { statusCode = 0, headers } = response;
  const refuse = (kind: 'missing' | 'failed', detail: string): SourceAnswer => {
    response.destroy();
    return { kind, detail };
  };
  if (statusCode === 404 || statusCode === 410) return refuse('missing', `it answered ${statusCode}`);
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    return refuse('failed', `it answers with Content-Encoding ${JSON.stringify(encoding)}`);
  if (statusCode === 200) return { kind: 'found', offset: 0, read: readBody(response, pace, signal) };
  if (statusCode === 206 && offset > 0) {
    const start = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '')?.[1];
    if (Number(start) === offset) return { kind: 'found', offset, read: readBody(response, pace, signal) };
    return refuse('missing', 'it answers with another range than was asked for');
  }
  // RFC 9110, section 15.5.17: its file is shorter than what is here already.
  if (statusCode === 416) return refuse('missing', `its file ends before byte ${offset}`);
  return refuse('failed', `it answered ${statusCode}`);
}

/** @throws SignpostError USAGE */
export function parseSourceUrl(text: string, option: string): string {
  const url = readHttpUrl(text);
  if (url?.search === '' && url.hash === '') return url.href;
  throw new SignpostError(
    'USAGE',
    `${option} ${JSON.stringify(text.slice(0, 200))}: expected a URL such as "https://images.example.org/tree", without ` +
      'credentials, a query or a fragment',
  );
}
