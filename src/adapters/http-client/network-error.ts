import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { describeTlsProblem, isUnknownAuthority } from './tls-problems.ts';

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
  authoritySetting = 'the setting for certificate authorities',
): SignpostError {
  if (signal.aborted)
    return new SignpostError('CANCELLED', `stopped reading from ${url.host}`, { cause: error });
  if (isSignpostError(error)) return error;
  const code = codeOf(error) ?? '';
  const unknown = isUnknownAuthority(code);
  const problem = (unknown ? describeTlsProblem(code) : undefined) ?? (error as Error).message;
  const hint = unknown ? `name that authority with ${authoritySetting}` : hints[code];
  const text = `cannot read from ${url.host}: ${problem}${hint === undefined ? '' : `; ${hint}`}`;
  return new SignpostError('UNAVAILABLE', text, { cause: error });
}

/** Whether trying again may help. */
export function isPassing(error: unknown): boolean {
  return isSignpostError(error, 'UNAVAILABLE') && passing.has(codeOf(error.cause) ?? '');
}

/** An UNAVAILABLE that is worth another try. */
export function passingError(message: string): SignpostError {
  return new SignpostError('UNAVAILABLE', message, { cause: { code: 'ECONNRESET' } });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code: unknown = Reflect.get(error, 'code');
  if (typeof code === 'string') return code;
  // Happy Eyeballs reports one error for each address that it tried.
  const [first]: unknown[] = error instanceof AggregateError ? error.errors : [];
  return first === undefined ? undefined : codeOf(first);
}
