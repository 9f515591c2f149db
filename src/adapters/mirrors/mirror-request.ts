import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Mirror } from '../../mirrors/mirror.ts';
import type { MirrorWay, ProbeProblem } from '../../ports/mirror-probe.ts';
import type { Unresolved } from '../http-client/find-addresses.ts';
import { readHttpUrl } from '../http-client/http-url.ts';
import { NetworkError, codeOf } from '../http-client/network-error.ts';
import { describeTlsProblem } from '../http-client/tls-problems.ts';
import type { Transport } from '../http-client/transport.ts';

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
  readonly certificateExpires?: number | undefined;
}

/**
 * One request to a mirror, on a connection of its own: a kept one would hide a server that takes no new connections, a
 * certificate that has expired, a name that has moved. Redirects are not followed: the tree's files are where they
 * are, clients that refuse redirects to other hosts exist, and the next host would have to be checked as well.
 */
export async function requestMirror(
  transport: Pick<Transport, 'send'>,
  { mirror, url: base, family }: MirrorWay,
  { method, path, headers }: MirrorQuestion,
  signal: AbortSignal,
): Promise<MirrorAnswer | ProbeProblem> {
  const url = readHttpUrl(`${base}/${path}`);
  if (url === undefined) return badUrl(base);
  const pin = { onlyAllowed: mirror.kind === 'private', family };
  try {
    const { message } = await transport.send(url, { method, headers, pin, signal });
    return { ok: true, response: message, certificateExpires: expiryOf(message) };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    if (error.unresolved !== undefined) return describeUnresolved(mirror, error.unresolved);
    return describeError(error);
  }
}

export function badUrl(url: string): ProbeProblem {
  return problem('refused', `${url} is not an http or https URL without credentials`);
}

/**
 * A look-up that failed says nothing of where a mirror is, and must not pass for an address to stay away from. The name of
 * a private mirror is the exception: often only its own network knows it, and name servers outside may not answer at all.
 */
export function describeUnresolved(
  { kind }: Pick<Mirror, 'kind'>,
  { reason, detail }: Unresolved,
): ProbeProblem {
  if (reason === 'no-family') return problem('refused', detail);
  if (reason === 'not-allowed' || kind === 'private') return problem('address-not-allowed', detail);
  return problem(reason === 'late' ? 'timeout' : 'refused', detail);
}

/** Reads a body piece by piece until `take` has a verdict or the body ends; then the connection is gone. `signal` is that of the request. */
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
    if (signal.aborted) return problem('timeout', `the body was too slow: ${received} bytes had come`);
    return problem('truncated', `the connection broke after ${received} bytes (${nameOf(error)})`);
  } finally {
    response.destroy();
  }
}

export function problem(reason: ProbeProblem['reason'], detail: string): ProbeProblem {
  return { ok: false, reason, detail };
}

function expiryOf({ socket }: IncomingMessage): number | undefined {
  if (!(socket instanceof TLSSocket)) return undefined;
  const expires = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isNaN(expires) ? undefined : expires;
}

/** There is no way out of this machine for that address family. */
const noRoute: ReadonlySet<string> = new Set(['ENETUNREACH', 'EADDRNOTAVAIL', 'EAFNOSUPPORT']);

function describeError({ code, stage, cause }: NetworkError): ProbeProblem {
  const name = nameOf(cause);
  if (code === 'CANCELLED') {
    const waited = { connect: 'no connection', tls: 'no TLS handshake' } as Readonly<Record<string, string>>;
    return problem('timeout', `${waited[stage] ?? 'no answer'} in time`);
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

function nameOf(error: unknown): string {
  return codeOf(error) ?? (error as Error).message;
}
