import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { readHttpUrl } from './http-url.ts';
import { discardBody } from './read-body.ts';
import type { Answer } from './transport.ts';

const redirectsLimit = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Has `send` ask for `start`, and for what that redirects to, up to the first answer that does not. `send` sees the answer
 * that has led to a URL, and decides what each host is told: credentials are for the host that they are meant for.
 * @throws SignpostError SOURCE_INVALID where a redirect leads nowhere that anybody may go, or there are too many; what
 * `send` throws
 */
export async function followRedirects(
  start: URL,
  send: (url: URL, from: Answer | undefined) => Promise<Answer>,
): Promise<Answer> {
  let url = start;
  let from: Answer | undefined;
  for (let hops = 0; hops <= redirectsLimit; hops += 1) {
    const answer = await send(url, from);
    const next = redirectOf(answer);
    if (next === undefined) return answer;
    discardBody(answer.message);
    from = answer;
    url = next;
  }
  throw new SignpostError('SOURCE_INVALID', `${start.host} redirects more than ${redirectsLimit} times`);
}

/** Where an answer redirects to; undefined when it does not. */
function redirectOf({ status, message, url }: Answer): URL | undefined {
  if (!redirectStatuses.has(status)) return undefined;
  const location = message.headers.location ?? '';
  const target = readHttpUrl(location, url);
  const wrong = (problem: string) => {
    message.destroy();
    return new SignpostError('SOURCE_INVALID', `${url.host} redirects ${problem}`);
  };
  if (target === undefined) {
    throw wrong(`to ${quote(location)}: expected an http URL without credentials`);
  }
  if (url.protocol === 'https:' && target.protocol === 'http:') {
    throw wrong(`from https to http, at ${target.host}`);
  }
  return target;
}
