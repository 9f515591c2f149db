import { isSignpostError } from '../../oci/errors.ts';
import type { ErrorCode } from '../../oci/errors.ts';
import type { Problem } from './schemas/problem.ts';

/** What an answer that is an error says (RFC 9457). */
export interface ProblemAnswer {
  readonly problem: Problem;
  /** In seconds, for 429 and 503. */
  readonly retryAfter?: number;
  /** The methods that there are, for 405. */
  readonly allow?: string;
}

const titles = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  428: 'Precondition Required',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

export type ProblemStatus = keyof typeof titles;

/** @param detail for people: what was wrong, where, and what to do */
export function problem(status: ProblemStatus, detail: string, code?: ErrorCode): ProblemAnswer {
  return { problem: { title: titles[status], status, detail, ...(code === undefined ? {} : { code }) } };
}

export function titleOf(status: ProblemStatus): string {
  return titles[status];
}

const statuses: Partial<Readonly<Record<ErrorCode, ProblemStatus>>> = {
  USAGE: 422,
  REFERENCE_INVALID: 422,
  NOT_FOUND: 404,
  LOCKED: 412,
  LIMIT_EXCEEDED: 409,
};

/** The answer to what a handler threw. Of what is the server's own fault nothing is told: the log has it. */
export function problemOf(error: unknown): ProblemAnswer {
  if (!isSignpostError(error)) return problem(500, 'something went wrong here: the log says what');
  const status = statuses[error.code];
  if (status !== undefined) return problem(status, error.message, error.code);
  return { ...problem(503, 'the storage failed: try again', 'UNAVAILABLE'), retryAfter: 5 };
}
