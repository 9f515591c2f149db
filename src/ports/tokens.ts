import type { MirrorId } from '../mirrors/mirror.ts';
import type { Author } from './audit-log.ts';

/**
 * What a token's bearer may do: everything, look at what is published and staged, speak for one mirror, or fetch what
 * front ends follow.
 */
export const tokenRoles = ['operator', 'publisher', 'mirror', 'front-end'] as const;
export type TokenRole = (typeof tokenRoles)[number];

/** A token as it is kept: its secret part only as a hash. Times are milliseconds since the epoch. */
export interface StoredToken {
  /** The public part, by which it is found and named: 16 hexadecimal digits. */
  readonly id: string;
  /** SHA-256 of the whole token. The secret part is random, so that nothing slower is needed. */
  readonly hash: Uint8Array;
  readonly role: TokenRole;
  /** The one mirror that it speaks for; only with the role `mirror`. */
  readonly mirror?: MirrorId | undefined;
  /** Whose it is, for people. */
  readonly label: string;
  readonly created: number;
  readonly expires: number;
  readonly revoked?: number;
  /** The day on which it was last used: its first millisecond in UTC. */
  readonly lastUsed?: number;
}

/** As many tokens are kept at most. */
export const tokenLimit = 2000;

/**
 * The tokens for the management API. That one is made or revoked, and its entry in the record of changes, are one
 * transaction. Throws SignpostError NOT_FOUND, LIMIT_EXCEEDED, STORAGE.
 */
export interface Tokens {
  /** Keeps a new token. Those that ended (revoked or expired) before `forgetBefore` are forgotten. */
  add(token: StoredToken, forgetBefore: number, by: Author): Promise<void>;
  find(id: string): Promise<StoredToken | undefined>;
  /** In the order in which they were made. */
  list(): Promise<readonly StoredToken[]>;
  /** Ends a token at once. One that was revoked before stays as it is. */
  revoke(id: string, by: Author): Promise<StoredToken>;
  /** Remembers the day on which a token was used. One that is not there any more is passed over. */
  markUsed(id: string, day: number): Promise<void>;
}
