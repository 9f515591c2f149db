import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { discardBody } from '../../http-client/read-body.ts';
import type { Answer, Transport } from '../../http-client/transport.ts';
import { followLocation } from './follow-location.ts';

const redirectLimit = 5;

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
  let url = realm;
  let isOwn = true;
  for (let hops = 0; hops <= redirectLimit; hops += 1) {
    // Whoever it was once sent away to does not bring it back either.
    isOwn &&= url.origin === realm.origin;
    const answer = await transport.send(url, {
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
    const next = followLocation(answer);
    if (next === undefined) return answer;
    discardBody(answer.message);
    // Other redirects of a POST make it a GET (RFC 9110, section 15.4), which would leave the form out.
    const keepsForm = next.origin === realm.origin && (answer.status === 307 || answer.status === 308);
    if (form !== undefined && !keepsForm) {
      throw new SignpostError(
        'DENIED',
        `${url.host} redirects with status ${answer.status} to ${quote(next.host)}: a refresh token is not sent on`,
      );
    }
    url = next;
  }
  throw new SignpostError('SOURCE_INVALID', `${realm.host} redirects more than ${redirectLimit} times`);
}
