import { type ErrorCode, isSignpostError, SignpostError } from '../../oci/errors.ts';
import type { Unresolved } from './find-addresses.ts';
import { describeTlsProblem, isUnknownAuthority } from './tls-problems.ts';

/** How far a request had come. */
export type NetworkStage = 'lookup' | 'connect' | 'tls' | 'answer' | 'body';

interface Failure {
  readonly stage: NetworkStage;
  /** What went wrong, for whoever has named the host already. */
  readonly problem: string;
  /** Why there is no address to connect to, where that is what failed. */
  readonly unresolved?: Unresolved | undefined;
  readonly cause?: unknown;
}

/** A peer that could not be asked or read to the end: UNAVAILABLE, or CANCELLED when a signal has ended the work. */
export class NetworkError extends SignpostError {
  readonly stage: NetworkStage;
  readonly problem: string;
  readonly unresolved: Unresolved | undefined;

  constructor(code: ErrorCode, message: string, { stage, problem, unresolved, cause }: Failure) {
    super(code, message, { cause });
    this.stage = stage;
    this.problem = problem;
    this.unresolved = unresolved;
  }
}

// Failures that may be gone a second later. A certificate that is not trusted, or a name that does not exist, is not.
const passing: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
]);

const hints: Readonly<Record<string, string>> = {
  EPROTO: 'it may not speak TLS on this port: plain HTTP has to be asked for',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it may not speak TLS on this port: plain HTTP has to be asked for',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: 'it may not speak TLS on this port: plain HTTP has to be asked for',
};

/**
 * Says which peer failed at what, as an error of ours: CANCELLED when `signal` has ended the work, else UNAVAILABLE.
 * @param authoritySetting the option or setting that names further certificate authorities
 */
export function describeNetworkError(
  error: unknown,
  url: URL,
  signal: AbortSignal,
  stage: NetworkStage = 'body',
  authoritySetting = 'the setting for certificate authorities',
): SignpostError {
  if (signal.aborted) {
    const failure = { stage, problem: 'stopped', cause: error };
    return new NetworkError('CANCELLED', `stopped reading from ${url.host}`, failure);
  }
  if (isSignpostError(error)) return error;
  const code = codeOf(error) ?? '';
  const unknown = isUnknownAuthority(code);
  const found = (unknown ? describeTlsProblem(code) : undefined) ?? (error as Error).message;
  const hint = unknown ? `name that authority with ${authoritySetting}` : hints[code];
  const problem = `${found}${hint === undefined ? '' : `; ${hint}`}`;
  const text = `cannot read from ${url.host}: ${problem}`;
  return new NetworkError('UNAVAILABLE', text, { stage, problem, cause: error });
}

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  return isSignpostError(error, 'UNAVAILABLE') && passing.has(codeOf(error.cause) ?? '');
}

/** An UNAVAILABLE that is worth another try. */
export function passingError(message: string): SignpostError {
  return new SignpostError('UNAVAILABLE', message, { cause: { code: 'ECONNRESET' } });
}

/** The code that the network or its libraries give an error. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string') return code;
  // Happy Eyeballs reports one error for each address that it tried.
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [];
  return first === undefined ? undefined : codeOf(first);
}
