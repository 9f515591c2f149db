import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignpostError } from '../../oci/errors.ts';
import type { ContentSource, SourceAnswer } from '../../ports/content-source.ts';
import { AvoidedHosts } from './avoided-hosts.ts';
import { followRedirects } from './follow-redirects.ts';
import { readBody } from './read-body.ts';
import { readRetryAfter } from './retry-after.ts';
import { SourceRoom } from './source-room.ts';
import type { SyncConnections } from './sync-connections.ts';

/** How many hosts are tried for one request that a source sends on. */
const hostsLimit = 4;
/** How long a source may say that it is busy, for one request. Milliseconds. */
const busyLimit = 120_000;

/**
 * A copy of the tree below the URL `base`, over `connections`. A Mirror List is one too: where it sends a request on to a
 * mirror that fails, it is asked for another one.
 */
export function createHttpContentSource(base: string, connections: SyncConnections): ContentSource {
  const root = base.replace(/\/+$/, '');
  const avoided = new AvoidedHosts();
  const room = new SourceRoom();

  /** One answer, or how many milliseconds the source asks to wait before it is asked again. */
  const ask = async (path: string, offset: number, signal: AbortSignal): Promise<SourceAnswer | number> => {
    const place = await room.enter();
    const range = offset > 0 ? { range: `bytes=${offset}-` } : {};
    const url = new URL(`${root}/${path}`);
    const answer = await followRedirects(connections, url, range, avoided.header(), signal);
    const { via } = answer;
    const sender = via === undefined ? {} : { via };
    if ('detail' in answer) {
      place.leave();
      return { kind: 'failed', detail: answer.detail, ...sender };
    }
    const { response } = answer;
    response.once('close', () => place.leave());
    const wait = via === undefined ? readRetryAfter(response) : undefined;
    if (wait !== undefined) {
      place.refused();
      response.destroy();
      return wait;
    }
    const pace = { timeout: connections.timeout, isNamed: via === undefined };
    return { ...describe(response, offset, pace, signal), ...sender };
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
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isRight =
    url !== undefined &&
    /^https?:$/.test(url.protocol) &&
    url.username === '' &&
    url.password === '' &&
    url.search === '' &&
    url.hash === '';
  if (isRight) return url.href;
  throw new SignpostError(
    'USAGE',
    `${option} ${JSON.stringify(text.slice(0, 200))}: expected a URL such as "https://images.example.org/tree", without ` +
      'credentials, a query or a fragment',
  );
}
