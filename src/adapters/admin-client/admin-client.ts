import { readIpAddress } from '../../net/address.ts';
import { classifyAddress } from '../../net/address-class.ts';
import { quote } from '../../oci/digest.ts';
import { type ErrorCode, SignpostError } from '../../oci/errors.ts';
import { parseJson } from '../../oci/parse-json.ts';
import { trustOnly } from '../http-client/authorities.ts';
import type { ChooseProxy } from '../http-client/choose-proxy.ts';
import { hostOf, readHttpUrl } from '../http-client/http-url.ts';
import { usualPatience } from '../http-client/patience.ts';
import { readBounded } from '../http-client/read-body.ts';
import { type Answer, createTransport } from '../http-client/transport.ts';

export interface AdminClientOptions {
  /** Such as `https://admin.example.org`. */
  readonly server: string;
  readonly token: string;
  readonly version: string;
  /** PEM of a certificate authority to trust instead of the usual ones. */
  readonly certificateAuthority?: string | undefined;
  /** Without it the server is connected to directly. */
  readonly chooseProxy?: ChooseProxy;
}

interface AdminRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** From the server on, with its query. */
  readonly path: string;
  readonly body?: unknown;
  readonly ifMatch?: string;
}

interface AdminResponse {
  readonly body: Readonly<Record<string, unknown>>;
  readonly etag: string | undefined;
}

/** Asks the management API of a server. Throws SignpostError UNAVAILABLE, DENIED, and what the server says. */
export type AdminClient = (request: AdminRequest) => Promise<AdminResponse>;

const timeout = 30_000;
const answerLimit = 32 * 1024 * 1024;
// Lists of mirrors and publications are long.
const answerLimits = { values: 2_000_000 };

/**
 * @throws SignpostError USAGE for a server or a token that cannot be one: a token is sent over TLS or not at all, but
 * on loopback
 */
export function createAdminClient(options: AdminClientOptions): AdminClient {
  const base = parseServer(options.server);
  if (!/^signpost_[A-Za-z0-9_-]{10,90}$/.test(options.token)) {
    throw new SignpostError('USAGE', 'the token file does not have a token: it begins with "signpost_"');
  }
  const trust = trustOnly(options.certificateAuthority, '--certificate-authority');
  return async ({ method, path, body, ifMatch }) => {
    const signal = AbortSignal.timeout(timeout);
    const url = new URL(base.pathname.replace(/\/+$/, '') + path, base);
    const transport = createTransport({
      userAgent: `signpost/${options.version}`,
      timeout,
      kept: 0,
      chooseProxy: options.chooseProxy,
      trust,
    });
    const headers = {
      accept: 'application/json, application/problem+json',
      authorization: `Bearer ${options.token}`,
      ...(ifMatch === undefined ? {} : { 'if-match': ifMatch }),
    };
    const sent =
      body === undefined
        ? {}
        : { body: { type: mediaTypeOf(method), bytes: Buffer.from(JSON.stringify(body)) } };
    let answer: Answer;
    let bytes: Buffer;
    try {
      answer = await transport.send(url, { method, headers, ...sent, signal });
      bytes = await readBounded(answer, answerLimit, usualPatience, signal, 'the answer');
    } catch (cause) {
      const reason = signal.aborted ? `no answer in ${timeout / 1000} s` : (cause as Error).message;
      throw new SignpostError('UNAVAILABLE', `cannot reach ${base.origin}: ${reason}`, { cause });
    } finally {
      transport.close();
    }
    const { status, message } = answer;
    const text = bytes.toString('utf8');
    if (status < 200 || status >= 300) throw errorOf(status, text);
    return { body: text === '' ? {} : readObject(text, base), etag: message.headers.etag };
  };
}

function parseServer(text: string): URL {
  const wrong = (problem: string) => new SignpostError('USAGE', `--server is ${quote(text)}: ${problem}`);
  const url = readHttpUrl(text);
  if (url === undefined || /[?#]/.test(text)) {
    throw wrong('expected a URL such as "https://admin.example.org"');
  }
  const address = readIpAddress(hostOf(url));
  const local = url.hostname === 'localhost' || (address && classifyAddress(address) === 'loopback');
  if (url.protocol === 'https:' || local) return url;
  throw wrong('a token is not sent without TLS: use https');
}

function mediaTypeOf(method: string): string {
  return method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
}

function readObject(text: string, { origin }: URL): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = parseJson(text, 'its answer', 'UNAVAILABLE', answerLimits);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    // It is as little an object as any other JSON.
  }
  throw new SignpostError(
    'UNAVAILABLE',
    `${origin} does not answer with a JSON object: is it a Mirror List?`,
  );
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'USAGE',
  401: 'DENIED',
  403: 'DENIED',
  404: 'NOT_FOUND',
  409: 'DENIED',
  412: 'LOCKED',
  422: 'USAGE',
};

function errorOf(status: number, text: string): SignpostError {
  const code = codes[status] ?? 'UNAVAILABLE';
  return new SignpostError(code, detailOf(text) ?? `the server answered ${status}`);
}

/** RFC 9457, section 3.1.4. Whatever else answers (a proxy) is not quoted. */
function detailOf(text: string): string | undefined {
  try {
    const { detail } = parseJson(text, 'its answer', 'UNAVAILABLE') as { detail?: unknown };
    return typeof detail === 'string' ? detail.slice(0, 2000).replaceAll(/\p{Cc}/gu, ' ') : undefined;
  } catch {
    return undefined;
  }
}
