import type { ErrorCode } from '../../oci/errors.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { visible } from '../../text/visible.ts';

/** distribution-spec 1.1, "Error Codes", and the two that distribution itself adds for a server's own failures. */
export type OciErrorCode =
  | 'BLOB_UNKNOWN'
  | 'DIGEST_INVALID'
  | 'MANIFEST_UNKNOWN'
  | 'NAME_INVALID'
  | 'NAME_UNKNOWN'
  | 'DENIED'
  | 'UNSUPPORTED'
  | 'TOOMANYREQUESTS'
  | 'UNAVAILABLE'
  | 'UNKNOWN';

/** An answer that is not a success, as a client of the pull API gets it. */
export interface OciError {
  readonly status: number;
  readonly code: OciErrorCode;
  readonly message: string;
}

export function ociError(status: number, code: OciErrorCode, message: string): OciError {
  return { status, code, message };
}

/** The JSON body of distribution-spec 1.1, "Error Codes". moby gives up for good on a 4xx without this array. */
export function formatOciError(error: OciError): string {
  return visible(JSON.stringify({ errors: [{ code: error.code, message: error.message, detail: null }] }));
}

/**
 * What a client is told of something thrown. Only the message of an error that the client caused goes out: the others
 * name files and hosts, which are for the log.
 */
export function toOciError(error: unknown): OciError {
  if (!isSignpostError(error)) return broken;
  const entry = byErrorCode[error.code];
  return entry === undefined ? broken : ociError(entry[0], entry[1], entry[2] ?? error.message);
}

const broken = ociError(500, 'UNKNOWN', 'the server failed: its log says why');

const byErrorCode: Readonly<
  Partial<Record<ErrorCode, readonly [status: number, code: OciErrorCode, message?: string]>>
> = {
  REFERENCE_INVALID: [400, 'NAME_INVALID'],
  NOT_FOUND: [404, 'MANIFEST_UNKNOWN', 'not found'],
  DENIED: [403, 'DENIED'],
  LIMIT_EXCEEDED: [429, 'TOOMANYREQUESTS', 'too much was asked for at once: try again'],
  UNAVAILABLE: [503, 'UNAVAILABLE', 'not available now: try again'],
};
