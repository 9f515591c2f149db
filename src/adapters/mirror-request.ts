import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { AddressFamilies, ProbeOutcome } from '../ports/mirror-probe.ts';
import type { MirrorAddressResolver } from './mirror-address-resolver.ts';

export type ProbeProblem = Extract<ProbeOutcome, { ok: false }>;

export interface MirrorRequestOptions {
  readonly resolver: MirrorAddressResolver;
  readonly secureContext: SecureContext;
  readonly userAgent: string;
}

/** An answer whose body is still to be read. */
export interface MirrorAnswer {
  readonly response: IncomingMessage;
  readonly families: AddressFamilies;
}

const headerLimit = 16 * 1024;
/** Long enough for the far side of the world; a dead IPv6 address then still leaves time for IPv4. */
const attemptTimeout = 500;

/**
 * One GET to a mirror, on a connection of its own: a kept one would hide a server that takes no new connections, a
 * certificate that has expired, a name that has moved. Redirects are not followed: the tree's files are where they
 * are, clients that refuse redirects to other hosts exist, and the next host would have to be checked as well.
 * The address connected to is one that the resolver has just allowed: there is no second look-up.
 */
export async function requestMirror(
  options: MirrorRequestOptions,
  url: URL,
  headers: Readonly<Record<string, string>>,
  onlyAllowed: boolean,
  signal: AbortSignal,
): Promise<({ ok: true } & MirrorAnswer) | ProbeProblem> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const resolved = await withSignal(options.resolver.resolve(host, onlyAllowed), signal);
  if (resolved === 'aborted') return problem('timeout', `the name ${host} did not resolve in time`);
  if (!resolved.ok) {
    // A look-up that failed says nothing of where the mirror is, and must not pass for an address to stay away from.
    return problem(resolved.reason === 'not-allowed' ? 'address-not-allowed' : 'refused', resolved.detail);
  }
  const { addresses } = resolved;
  const lookup: LookupFunction = (_host, { all }, callback) => {
    const [first] = addresses;
    if (all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };
  const families = {
    ipv4: addresses.some(({ family }) => family === 4),
    ipv6: addresses.some(({ family }) => family === 6),
  };
  const secure = url.protocol === 'https:';
  const settings = {
    agent: false,
    lookup,
    signal,
    maxHeaderSize: headerLimit,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: attemptTimeout,
    headers: { 'user-agent': options.userAgent, 'accept-encoding': 'identity', ...headers },
    ...(secure ? { secureContext: options.secureContext } : {}),
  };
  const request = secure ? requestHttps(url, settings) : requestHttp(url, settings);
  return new Promise((resolve) => {
    const stage = watchStage(request, secure);
    request.on('error', (error) => resolve(describeError(error, stage(), signal)));
    request.on('response', (response) => {
      // An error after this belongs to whoever reads the body.
      response.on('error', () => undefined);
      resolve({ ok: true, response, families });
    });
    request.end();
  });
}

/** Reads a body piece by piece until `take` has a verdict or the body ends; then the connection is gone. */
export async function readBody<T>(
  response: IncomingMessage,
  signal: AbortSignal,
  take: (piece: Buffer) => T | undefined,
): Promise<T | 'end' | ProbeProblem> {
  let received = 0;
  try {
    for await (const piece of response as AsyncIterable<Buffer>) {
      received += piece.length;
      const verdict = take(piece);
      if (verdict !== undefined) return verdict;
    }
    if (!response.complete) return problem('truncated', `the connection closed after ${received} bytes`);
    return 'end';
  } catch (error) {
    if (signal.aborted) return problem('timeout', `the body stood still after ${received} bytes`);
    return problem('truncated', `the connection broke after ${received} bytes (${nameOf(error)})`);
  } finally {
    response.destroy();
  }
}

export function problem(reason: ProbeProblem['reason'], detail: string): ProbeProblem {
  return { ok: false, reason, detail };
}

type Stage = 'connect' | 'tls' | 'answer';

function watchStage(request: ClientRequest, secure: boolean): () => Stage {
  let stage: Stage = 'connect';
  request.on('socket', (socket) => {
    socket.on('connect', () => (stage = secure ? 'tls' : 'answer'));
    socket.on('secureConnect', () => (stage = 'answer'));
  });
  return () => stage;
}

function describeError(error: Error, stage: Stage, signal: AbortSignal): ProbeProblem {
  const name = nameOf(error);
  if (signal.aborted) {
    const waited = { connect: 'no connection', tls: 'no TLS handshake', answer: 'no answer' }[stage];
    return problem('timeout', `${waited} in time`);
  }
  if (stage === 'connect') return problem('refused', `cannot connect (${name})`);
  if (stage === 'tls') return problem('tls', `the TLS handshake failed (${name})`);
  if (name.startsWith('HPE_')) return problem('status', `it does not speak HTTP as it should (${name})`);
  return problem('refused', `the connection closed without an answer (${name})`);
}

function nameOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

async function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  if (signal.aborted) return 'aborted';
  return new Promise<T | 'aborted'>((resolve, reject) => {
    const abort = () => resolve('aborted');
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
