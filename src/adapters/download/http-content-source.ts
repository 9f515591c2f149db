import { setTimeout as sleep } from 'node:timers/promises';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { ContentSource, ReadBody, SourceAnswer } from '../../ports/content-source.ts';
import { followRedirects } from '../http-client/follow-redirects.ts';
import { readHttpUrl } from '../http-client/http-url.ts';
import { NetworkError } from '../http-client/network-error.ts';
import { usualPatience } from '../http-client/patience.ts';
import { readRetryAfter } from '../http-client/retry-after.ts';
import { takeBody } from '../http-client/take-body.ts';
import type { Answer } from '../http-client/transport.ts';
import { AvoidedHosts } from '../../download/avoided-hosts.ts';
import { SourceRoom } from '../../download/source-room.ts';
import type { SourceClient } from './source-client.ts';

/** How many hosts are tried for one request that a source sends on. */
const hostsLimit = 4;
/** How long a source may say that it is busy, for one request. Milliseconds. */
const busyLimit = 120_000;
/** Whoever says that it takes longer is asked again all the same, and may say so again. Milliseconds. */
const longestPause = 30_000;
const leastPause = 1000;
/**
 * What a source has to send in the time of a timeout while it is waited for, in bytes. One that nobody here has named must
 * be as quick as a Mirror List wants its own clients to be: a mirror that it sends on to could otherwise hold up a sync for
 * weeks, while it is quick for everybody else.
 */
const leastProgress = 16 * 1024;

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
    let answer: Answer;
    try {
      answer = await followRedirects(url, send);
    } catch (error) {
      place.leave();
      if (!isSignpostError(error)) throw error;
      return { kind: 'failed', detail: error instanceof NetworkError ? error.problem : error.message, via };
    }
    answer.message.once('close', () => place.leave());
    const wait = via === undefined ? readBusy(answer) : undefined;
    if (wait !== undefined) {
      place.refused();
      answer.message.destroy();
      return wait;
    }
    const pace = { idle: client.timeout, leastRate: leastRateOf(client, via === undefined) };
    const read: ReadBody = (limit, take) => takeBody(answer, pace, signal, limit, take);
    return { ...describe(answer, offset, read), via };
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
function readBusy({ status, message }: Answer): number | undefined {
  const wait = status === 503 || status === 429 ? readRetryAfter(message.headers) : undefined;
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

function leastRateOf({ timeout }: SourceClient, isNamed: boolean): number {
  const named = (leastProgress * 1000) / timeout;
  return isNamed ? named : Math.max(named, usualPatience.leastRate);
}

function describe({ status, message }: Answer, offset: number, read: ReadBody): SourceAnswer {
  const refuse = (kind: 'missing' | 'failed', detail: string): SourceAnswer => {
    message.destroy();
    return { kind, detail };
  };
  if (status === 404 || status === 410) return refuse('missing', `it answered ${status}`);
  const encoding = message.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity')
    return refuse('failed', `it answers with Content-Encoding ${JSON.stringify(encoding)}`);
  if (status === 200) return { kind: 'found', offset: 0, read };
  if (status === 206 && offset > 0) {
    const start = /^bytes (\d{1,15})-/.exec(message.headers['content-range'] ?? '')?.[1];
    if (Number(start) === offset) return { kind: 'found', offset, read };
    return refuse('missing', 'it answers with another range than was asked for');
  }
  // RFC 9110, section 15.5.17: its file is shorter than what is here already.
  if (status === 416) return refuse('missing', `its file ends before byte ${offset}`);
  return refuse('failed', `it answered ${status}`);
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
