/**
 * What kind of thing went wrong. Each code maps to one exit code (cli/exit-codes.ts) and, where a client of the
 * pull API can meet it, to one code of the OCI distribution specification (registry/oci-error.ts).
 */
export type ErrorCode =
  | 'USAGE' // the command line cannot be understood
  | 'CONFIG_INVALID' // the configuration file is wrong
  | 'REFERENCE_INVALID' // a reference, repository, tag or digest is malformed
  | 'MANIFEST_INVALID' // bytes that are not a manifest that may be published
  | 'DIGEST_MISMATCH' // bytes that are not what their digest or size says
  | 'SOURCE_INVALID' // an image source that is damaged or hostile
  | 'NOT_FOUND' // something named does not exist
  | 'LIMIT_EXCEEDED' // something read from outside is larger or slower than allowed
  | 'DENIED' // a registry or a policy said no
  | 'REQUEST_INVALID' // a signing request or signature bundle that is damaged or was edited
  | 'TRUST' // a signature that does not satisfy the policy
  | 'ROLLBACK' // something older than what is already known
  | 'LOCKED' // another process works on the same data
  | 'UNAVAILABLE' // a network peer failed; trying again may help
  | 'STORAGE' // the disk or the database failed
  | 'CANCELLED'; // a signal ended the work

/** The only error class. `message` says what was wrong, where, and what to do. */
export class SignpostError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SignpostError';
    this.code = code;
  }
}

/** Whether `error` is a {@link SignpostError}, of the given code if one is named. */
export function isSignpostError(error: unknown, code?: ErrorCode): error is SignpostError {
  return error instanceof SignpostError && (code === undefined || error.code === code);
}
