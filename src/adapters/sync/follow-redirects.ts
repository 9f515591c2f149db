import type { IncomingMessage } from 'node:http';
import type { SyncConnections } from './sync-connections.ts';

const redirectsLimit = 5;

/**
 * An answer that does not send on any further, or why there is none. `via` is the first other host on the way: whoever was
 * asked has chosen that one and no more, and what it leads to is its own doing.
 */
type Followed = { readonly via: string | undefined } & (
  { readonly response: IncomingMessage } | { readonly detail: string }
);

/**
 * Asks for `url`, and for what it redirects to: each hop anew by the rules of `connections`, and never from https to http.
 * `ownHeaders` are for the first host alone.
 */
export async function followRedirects(
  connections: SyncConnections,
  url: URL,
  headers: Readonly<Record<string, string>>,
  ownHeaders: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Followed> {
  let at = url;
  let via: string | undefined;
  for (let redirects = 0; ; redirects += 1) {
    const own = at.host === url.host ? ownHeaders : {};
    const answer = await connections.get(at, { ...headers, ...own }, signal);
    if ('detail' in answer) return { via, detail: answer.detail };
    const next = redirectOf(answer.response, at);
    if (next === undefined) return { via, response: answer.response };
    answer.response.destroy();
    if (typeof next === 'string') return { via, detail: next };
    if (redirects === redirectsLimit) {
      return { via, detail: `it redirects more than ${redirectsLimit} times` };
    }
    at = next;
    if (at.host !== url.host) via ??= at.hostname;
  }
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
