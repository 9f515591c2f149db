import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { Answer } from '../../http-client/transport.ts';

const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Where an answer redirects to; undefined when it does not.
 * @throws SignpostError SOURCE_INVALID when nobody may go there: no http URL, one with credentials, or out of TLS
 */
export function followLocation({ status, message, url }: Answer): URL | undefined {
  if (!redirects.has(status)) return undefined;
  const location = message.headers.location;
  const target = location === undefined ? null : URL.parse(location, url);
  if (
    target === null ||
    !/^https?:$/.test(target.protocol) ||
    target.username !== '' ||
    target.password !== ''
  ) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${url.host} redirects to ${quote(location)}: expected an http URL`,
    );
  }
  if (url.protocol === 'https:' && target.protocol === 'http:') {
    throw new SignpostError('SOURCE_INVALID', `${url.host} redirects from https to http, at ${target.host}`);
  }
  return target;
}
