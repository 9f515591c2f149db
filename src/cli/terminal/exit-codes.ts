import { isSignpostError } from '../../oci/errors.ts';
import type { ErrorCode } from '../../oci/errors.ts';

/** What the exit status of a command means; documented in docs/commands.md. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  notFound: 4,
  tryAgain: 5,
  cancelled: 130,
} as const;

const byErrorCode: Readonly<Record<ErrorCode, number>> = {
  USAGE: exitCodes.usage,
  CONFIG_INVALID: exitCodes.usage,
  REFERENCE_INVALID: exitCodes.usage,
  MANIFEST_INVALID: exitCodes.refused,
  DIGEST_MISMATCH: exitCodes.refused,
  SOURCE_INVALID: exitCodes.refused,
  REQUEST_INVALID: exitCodes.refused,
  TRUST: exitCodes.refused,
  ROLLBACK: exitCodes.refused,
  LIMIT_EXCEEDED: exitCodes.refused,
  DENIED: exitCodes.refused,
  NOT_FOUND: exitCodes.notFound,
  LOCKED: exitCodes.tryAgain,
  UNAVAILABLE: exitCodes.tryAgain,
  STORAGE: exitCodes.failed,
  CANCELLED: exitCodes.cancelled,
};

/** The exit status for what a command threw. */
export function exitCodeOf(error: unknown): number {
  return isSignpostError(error) ? byErrorCode[error.code] : exitCodes.failed;
}
