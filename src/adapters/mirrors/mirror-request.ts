import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { TLSSocket } from 'node:tls';
import type { Mirror } from '../../mirrors/mirror.ts';
import type { MirrorWay, ProbeProblem } from '../../ports/mirror-probe.ts';
import type { TrustAnchors } from '../http-client/authorities.ts';
import { hostOf, readHttpUrl } from '../http-client/http-url.ts';
import { lookupFrom } from '../http-client/lookup-from.ts';
import type { Agents } from '../http-client/proxy-agents.ts';
import type { MirrorAddressResolver } from '../http-client/mirror-address-resolver.ts';
import { describeTlsProblem } from '../http-client/tls-problems.ts';

export interface MirrorRequestOptions {
  readonly resolver: MirrorAddressResolver;
  readonly trust: TrustAnchors;
  readonly userAgent: string;
  /** For what goes by way of a proxy; undefined: everything is connected to directly. */
  readonly proxied?: Agents | undefined;
}

/** What to ask a mirror for, relative to its URL. */
export interface MirrorQuestion {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** An answer whose body is still to be read. */
export interface MirrorAnswer {
  readonly ok: true;
  readonly response: IncomingMessage;
  /** When the certificate ends that was shown, in milliseconds since the epoch. */
  readonly certificateExpires?: number;
}

const headerLimit = 16 * 1024;
/** Long enough for the far side of the world; a dead address then still leaves time for the next one. */
const attemptTimeout = 500;

/**
 * One request to a mirror, on a connection of its own: a kept one would hide a server that takes no new connections, a
 * certificate that has expired, a name that has moved. Redirects are not followed: the tree's files are where they
 * are, clients that refuse redirects to other hosts exist, and the next host would have to be checked as well.
 * The address connected to is one that the resolver has just allowed: there is no second look-up.
 */
export async function requestMirror(
  options: MirrorRequestOptions,
  { mirror, url: base, family }: MirrorWay,
  question: MirrorQuestion,
  signal: AbortSignal,
): Promise<MirrorAnswer | ProbeProblem> {
  const url = readHttpUrl(`${base}/${question.path}`);
  if (url === undefined) return badUrl(base);
  const isPrivate = mirror.kind === 'private';
  const resolved = await withSignal(options.resolver.resolve(hostOf(url), isPrivate, signal), signal);
  if (resolved === 'aborted') return unresolvedInTime(mirror, url);
  if (!resolved.ok) return unresolved(mirror, resolved);
  const addresses = resolved.addresses.filter((address) => address.family === family);
  const [first] = addresses;
  if (first === undefined) return problem('refused', `${hostOf(url)} has no IPv${family} address any more`);
  const secure = url.protocol === 'https:';
  const settings = {
    agent: options.proxied?.for(url) ?? (false as const),
    lookup: lookupFrom(addresses),
    signal,
    method: question.method,
    maxHeaderSize: headerLimit,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeout,
    headers: { 'user-agent': options.userAgent, 'accept-encoding': 'identity', ...question.headers },
    ...(secure ? { secureContext: options.trust.context() } : {}),
  };
  const request = secure ? requestHttps(url, settings) : requestHttp(url, settings);
  return new Promise((resolve) => {
    const stage = watchStage(request, secure);
    const fail = (error: Error) => {
      signal.removeEventListener('abort', stop);
      resolve(describeError(error, stage(), signal));
    };
    // A request that waits for a proxy's connection does not hear its signal.
    const stop = () => fail(new Error('stopped'));
    signal.addEventListener('abort', stop, { once: true });
    request.on('error', fail);
    request.on('response', (response) => {
      signal.removeEventListener('abort', stop);
      // An error after this belongs to whoever reads the body.
      response.on('error', () => undefined);
      const certificateExpires = expiryOf(response);
      resolve({ ok: true, response, ...(certificateExpires === undefined ? {} : { certificateExpires }) });
    });
    request.end();
  });
}

export function badUrl(url: string): ProbeProblem {
  return problem('refused', `${url} is not an http or https URL without credentials`);
}

/**
 * A look-up that failed says nothing of where a mirror is, and must not pass for an address to stay away from. The name of
 * a private mirror is the exception: often only its own network knows it.
 */
export function unresolved(
  { kind }: Pick<Mirror, 'kind'>,
  resolved: { readonly reason: 'unknown-name' | 'not-allowed'; readonly detail: string },
): ProbeProblem {
  const stayAway = resolved.reason === 'not-allowed' || kind === 'private';
  return problem(stayAway ? 'address-not-allowed' : 'refused', resolved.detail);
}

/** The same of one that nobody has answered: name servers outside do that with names of a network inside. */
export function unresolvedInTime({ kind }: Pick<Mirror, 'kind'>, url: URL): ProbeProblem {
  const detail = `the name ${hostOf(url)} did not resolve in time`;
  return problem(kind === 'private' ? 'address-not-allowed' : 'timeout', detail);
}

/** Reads a body piece by piece until `take` has a verdict or the body ends; then the connection is gone. */
export async function readBody<T>(
  response: IncomingMessage,
  signal: AbortSignal,
  take: (piece: Buffer) => T | undefined,
): Promise<T | 'end' | ProbeProblem> {
  let received = 0;
  const destroy = () => response.destroy();
  // Once there is an answer, the signal of the request does not reach a body that stands still in all cases.
  signal.addEventListener('abort', destroy, { once: true });
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      received += piece.length;
      const verdict = take(piece);
      if (verdict !== undefined) return verdict;
    }
    if (!response.complete) return problem('truncated', `the connection closed after ${received} bytes`);
    return 'end';
  } catch (error) {
    if (signal.aborted) return problem('timeout', `the body was too slow: ${received} bytes had come`);
    return problem('truncated', `the connection broke after ${received} bytes (${nameOf(error)})`);
  } finally {
    signal.removeEventListener('abort', destroy);
    response.destroy();
  }
}

export function problem(reason: ProbeProblem['reason'], detail: string): ProbeProblem {
  return { ok: false, reason, detail };
}

/** Resolves to `aborted` as soon as `signal` says so, whatever becomes of `promise`. */
export async function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  if (signal.aborted) return 'aborted';
  return new Promise<T | 'aborted'>((resolve, reject) => {
    const abort = () => resolve('aborted');
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

type Stage = 'connect' | 'tls' | 'answer';

function watchStage(request: ClientRequest, secure: boolean): () => Stage {
  let stage: Stage = 'connect';
  request.on('socket', (socket) => {
    // That of a tunnel is connected.
    if (!socket.connecting && secure) stage = 'tls';
    socket.on('connect', () => (stage = secure ? 'tls' : 'answer'));
    socket.on('secureConnect', () => (stage = 'answer'));
  });
  return () => stage;
}

function expiryOf({ socket }: IncomingMessage): number | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const expires = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(expires) ? undefined : expires;
}

/** There is no way out of this machine for that address family. */
const noRoute: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

function describeError(error: Error, stage: Stage, signal: AbortSignal): ProbeProblem {
  const name = nameOf(error);
  if (signal.aborted) {
    const waited = { connect: 'no connection', tls: 'no TLS handshake', answer: 'no answer' }[stage];
    return problem('timeout', `${waited} in time`);
  }
  if (stage === 'connect') {
    return problem(noRoute.has(name) ? 'no-route' : 'refused', `cannot connect (${name})`);
  }
  if (stage === 'tls') {
    return problem('tls', `${describeTlsProblem(name) ?? 'the TLS handshake failed'} (${name})`);
  }
  if (name.startsWith('HPE_')) return problem('status', `it does not speak HTTP as it should (${name})`);
  return problem('refused', `the connection closed without an answer (${name})`);
}

/** An error for several addresses holds one for each. */
function nameOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return nameOf(error.errors[0]);
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}
