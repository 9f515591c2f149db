import type { z } from 'zod';
import type { Author } from '../../ports/audit-log.ts';
import type { StoredToken, TokenRole } from '../../ports/tokens.ts';
import type { ProblemAnswer, ProblemStatus } from './problem.ts';

type Method = 'get' | 'post' | 'patch' | 'delete';

/** What a handler answers when all is well. */
interface GoodAnswer {
  readonly status: 200 | 201 | 202 | 204 | 304;
  /** Of the schema that the route names for the status. */
  readonly body?: unknown;
  /** Instead of a body: what is no JSON. */
  readonly bytes?: AnswerBytes;
  /** A strong entity tag, with its quotes (RFC 9110, section 8.8.3). */
  readonly etag?: string;
  readonly location?: string;
}

/** Bytes that are sent as they are read. */
interface AnswerBytes {
  readonly size: number;
  /** `size` bytes, read no faster than they are taken, and not at all when nobody takes them (HEAD). */
  readonly content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export type Answer = GoodAnswer | ProblemAnswer;

/** A request that may be answered: its token has the right role, and everything in it has its schema. */
export interface Call<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** The If-Match header; a route that demands one has one. */
  readonly ifMatch: string;
  /** The If-None-Match header; empty when there is none. */
  readonly ifNoneMatch: string;
  /** Who asks, and when. */
  readonly by: Author;
  /** Undefined on routes for everybody. */
  readonly token: StoredToken | undefined;
}

/** One operation of the API: what it is for people and machines, who may, and what it does. */
export interface Route<P = unknown, Q = unknown, B = unknown> {
  readonly id: string;
  readonly method: Method;
  /** As OpenAPI writes it: `/mirrors/{name}`. */
  readonly path: string;
  readonly summary: string;
  readonly description?: string;
  /** Empty: no token is asked for. */
  readonly roles: readonly TokenRole[];
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  /** The media type of the body, when it is not application/json. */
  readonly bodyType?: string;
  /** Without an If-Match header the answer is 428 (RFC 6585, section 3). */
  readonly needsIfMatch?: boolean;
  /** Answers 304 to an If-None-Match header that names what would be sent (RFC 9110, section 13.1.2). */
  readonly takesIfNoneMatch?: boolean;
  readonly answers: Readonly<Partial<Record<GoodAnswer['status'], AnswerDescription>>>;
  /** Beside those that every route can have. */
  readonly problems?: readonly ProblemStatus[];
  handle(call: Call<P, Q, B>): Promise<Answer>;
}

export interface AnswerDescription {
  readonly description: string;
  /** Without it and without `bytes` the answer has no body. */
  readonly schema?: z.ZodType;
  /** It is bytes that are no text. */
  readonly bytes?: boolean;
  readonly etag?: boolean;
}

/** The same route, its handler typed by its schemas. */
export function defineRoute<
  P extends z.ZodObject = z.ZodObject,
  Q extends z.ZodObject = z.ZodObject,
  B extends z.ZodType = z.ZodType,
>(
  route: Route<z.output<P>, z.output<Q>, z.output<B>> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
  },
): Route {
  return route;
}
