import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { followRedirects } from '../../http-client/follow-redirects.ts';
import type { Answer, Transport } from '../../http-client/transport.ts';

/** How a token is asked for: by a refresh token in a form, by a user's name, or by nobody in particular. */
export interface TokenRequest {
  readonly form?: URLSearchParams;
  /** The header with the user and the password. */
  readonly basic?: string;
}

/**
 * Asks a token server, through its redirects. A secret goes to the server that the registry has named and to no other:
 * the user's name is left out where a redirect leads elsewhere, as web browsers do, and a refresh token is not sent on.
 * @throws SignpostError DENIED, SOURCE_INVALID, UNAVAILABLE, CANCELLED
 */
export async function sendTokenRequest(
  transport: Transport,
  realm: URL,
  { form, basic }: TokenRequest,
  signal: AbortSignal,
): Promise<Answer> {
  let isOwn = true;
  return followRedirects(realm, async (url, from) => {
    // Whoever it was once sent away to does not bring it back either.
    isOwn &&= url.origin === realm.origin;
    // Other redirects of a POST make it a GET (RFC 9110, section 15.4), which would leave the form out.
    const keepsForm = from === undefined || (isOwn && (from.status === 307 || from.status === 308));
    if (form !== undefined && !keepsForm) {
      throw new SignpostError(
        'DENIED',
        `${from.url.host} redirects with status ${from.status} to ${quote(url.host)}: a refresh token is not sent on`,
      );
    }
    return transport.send(url, {
      headers: {
        Accept: 'application/json',
        ...(isOwn && basic !== undefined ? { Authorization: basic } : {}),
      },
      ...(form === undefined
        ? {}
        : {
            method: 'POST',
            body: { type: 'application/x-www-form-urlencoded', bytes: Buffer.from(form.toString()) },
          }),
      signal,
    });
  });
}
