import type { IncomingMessage } from 'node:http';
import { SignpostError } from '../../oci/errors.ts';
import type { ContentSource, SourceAnswer } from '../../ports/content-source.ts';
import type { SyncConnections } from './sync-connections.ts';
import { readBody } from './read-body.ts';

const redirectsLimit = 5;

/** A copy of the tree below the URL `base`, over `connections`. */
export function createHttpContentSource(base: string, connections: SyncConnections): ContentSource {
  const root = base.replace(/\/+$/, '');
  return {
    name: root,
    async open(path, offset, signal) {
      let url = new URL(`${root}/${path}`);
      for (let redirects = 0; ; redirects += 1) {
        const headers = offset > 0 ? { range: `bytes=${offset}-` } : {};
        const answer = await connections.get(url, headers, signal);
        if ('detail' in answer) return { kind: 'failed', detail: answer.detail };
        const next = redirectOf(answer.response, url);
        if (next === undefined) return describe(answer.response, offset, connections.timeout, signal);
        answer.response.destroy();
        if (typeof next === 'string') return { kind: 'failed', detail: next };
        if (redirects === redirectsLimit) {
          return { kind: 'failed', detail: `it redirects more than ${redirectsLimit} times` };
        }
        url = next;
      }
    },
  };
}

/** Where an answer sends on to, or what is wrong with that; undefined when it does not. */
function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | string | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode)) return undefined;
  const { location = '' } = headers;
  const shown = JSON.stringify(location.slice(0, 200));
  if (!URL.canParse(location, from)) return `it redirects to ${shown}, which is no URL`;
  const to = new URL(location, from);
  if (!/^https?:$/.test(to.protocol) || to.username !== '' || to.password !== '') {
    return `it redirects to ${shown}, which is not an http or https URL without credentials`;
  }
  if (from.protocol === 'https:' && to.protocol === 'http:') return `it redirects from https to ${shown}`;
  return to;
}

function describe(
  response: IncomingMessage,
  offset: number,
  timeout: number,
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
  if (statusCode === 200) return { kind: 'found', offset: 0, read: readBody(response, timeout, signal) };
  if (statusCode === 206 && offset > 0) {
    const start = /^bytes (\d{1,15})-/.exec(headers['content-range'] ?? '')?.[1];
    if (Number(start) === offset) return { kind: 'found', offset, read: readBody(response, timeout, signal) };
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
