import { z } from 'zod';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { parseJson } from '../../../oci/parse-json.ts';
import { passingError } from '../../http-client/network-error.ts';
import type { Patience } from '../../http-client/patience.ts';
import { discardBody, readBounded } from '../../http-client/read-body.ts';
import type { Answer, Transport } from '../../http-client/transport.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { FoundCredentials } from './credentials.ts';
import type { Credentials } from './credential-helper.ts';
import { sendTokenRequest } from './send-token-request.ts';

const answerLimit = 256 * 1024;
const tokenPattern = /^[\x21-\x7e]{1,65536}$/;
const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

export interface AuthorizationDeps {
  readonly transport: Transport;
  /** Where the registry is. */
  readonly base: URL;
  readonly repository: string;
  readonly credentials: () => Promise<FoundCredentials>;
  readonly patience: Patience;
  /** Ends with the source: a token is for all requests, so that none of them alone may stop its coming. */
  readonly signal: AbortSignal;
}

/**
 * The Authorization header for one repository of one registry: none until the registry asks, then Basic or a bearer
 * token (distribution's token specification), which is kept until the registry refuses it.
 */
export class RegistryAuthorization {
  readonly #deps: AuthorizationDeps;
  #header: string | undefined;
  #renewal: Promise<string> | undefined;
  #problem: string | undefined;

  constructor(deps: AuthorizationDeps) {
    this.#deps = deps;
  }

  get header(): string | undefined {
    return this.#header;
  }

  /** What to add to a refusal: why there were no credentials to send, when something is wrong with where they are kept. */
  get missing(): string {
    return this.#problem === undefined ? '' : `; no credentials were sent: ${this.#problem}`;
  }

  /**
   * Answers a 401. `used` is the header that the refused request had: when another request has renewed it meanwhile,
   * nothing is asked again, and requests that are refused at the same time share one renewal.
   * @throws SignpostError DENIED, UNAVAILABLE
   */
  async renew(refused: Answer, used: string | undefined): Promise<void> {
    if (this.#header !== used) return;
    this.#renewal ??= this.#obtain(refused, used).finally(() => {
      this.#renewal = undefined;
    });
    this.#header = await this.#renewal;
  }

  async #obtain(refused: Answer, used: string | undefined): Promise<string> {
    const { base, repository } = this.#deps;
    const challenges = parseChallenges(refused.message.headers['www-authenticate']);
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const { credentials, problem } = await this.#deps.credentials();
    this.#problem = problem;
    if (bearer !== undefined) return `Bearer ${await this.#fetchToken(bearer, credentials)}`;
    if (!challenges.some(({ scheme }) => scheme === 'basic')) {
      throw denied(`${base.host} wants authentication of a kind that Signpost does not know`);
    }
    if (credentials?.kind !== 'password') {
      throw denied(`${base.host} wants a user and a password for ${repository}: log in first${this.missing}`);
    }
    const header = encodeBasic(credentials.user, credentials.password);
    if (header === used) throw denied(`${base.host} has refused the user ${quote(credentials.user)}`);
    return header;
  }

  async #fetchToken(challenge: Challenge, credentials: Credentials | undefined): Promise<string> {
    const { transport, base, repository, patience, signal } = this.#deps;
    const url = parseRealm(challenge.parameters.get('realm'), base);
    const query = new URLSearchParams();
    const service = challenge.parameters.get('service');
    if (service !== undefined) query.set('service', service);
    // Not the scope that the challenge names: Signpost only ever asks to pull what it was told to copy.
    query.set('scope', `repository:${repository}:pull`);
    let answer: Answer;
    if (credentials?.kind === 'token') {
      query.set('grant_type', 'refresh_token');
      query.set('client_id', 'signpost');
      query.set('refresh_token', credentials.token);
      answer = await sendTokenRequest(transport, url, { form: query }, signal);
    } else {
      for (const [name, value] of query) url.searchParams.set(name, value);
      const basic =
        credentials === undefined ? {} : { basic: encodeBasic(credentials.user, credentials.password) };
      answer = await sendTokenRequest(transport, url, basic, signal);
    }
    if (answer.status !== 200) {
      discardBody(answer.message);
      const message = `${answer.url.host} has given no token for ${repository}: status ${answer.status}`;
      if (answer.status === 429 || answer.status >= 500) throw passingError(message);
      throw denied(message + this.missing);
    }
    return readToken(await readBounded(answer, answerLimit, patience, signal, 'the token'), answer.url);
  }
}

// Credentials go to the realm, so that it must be as well protected as the registry itself.
function parseRealm(realm: string | undefined, base: URL): URL {
  const url = realm === undefined ? null : URL.parse(realm);
  if (url === null || url.username !== '' || url.password !== '') {
    throw denied(`${base.host} names ${quote(realm)} as its token server: expected a URL`);
  }
  if (url.protocol === 'https:' || (url.protocol === 'http:' && base.protocol === 'http:')) return url;
  throw denied(`${base.host} names ${quote(realm)} as its token server: expected https`);
}

function readToken(bytes: Buffer, url: URL): string {
  let value: unknown;
  try {
    value = parseJson(bytes, 'the answer', 'DENIED');
  } catch {
    throw denied(`${url.host} has answered with something else than a token`);
  }
  const answer = tokenSchema.safeParse(value);
  const token = answer.success ? answer.data.token || answer.data.access_token : undefined;
  if (token !== undefined && tokenPattern.test(token)) return token;
  throw denied(`${url.host} has answered with something else than a token`);
}

function encodeBasic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

function denied(message: string): SignpostError {
  return new SignpostError('DENIED', message);
}
