import type { SelfSignature, SelfSignatures } from './self-signatures.ts';
import { formatSecond } from '../../text/format-time.ts';

/** Of a key that may sign data (RFC 9580, section 5.2.3.29). */
const signData = 0x02;

/** What decides whether a key may sign data at a moment. Times are milliseconds since the epoch. */
export interface KeyHistory extends SelfSignatures {
  readonly created: number;
  /** Says by whom and when it was revoked. Nothing takes that back, and it holds for what was signed before too. */
  readonly revoked: string | undefined;
}

/**
 * Why the primary key may not sign data at `now`, or undefined when it may. As GnuPG decides, and podman and skopeo by
 * it: the newest signature of a user ID counts, and a direct signature of the key before those of user IDs.
 */
export function describeUnusable(history: KeyHistory, now: number): string | undefined {
  const { revoked, created } = history;
  if (revoked !== undefined) return revoked;
  if (created > now) {
    return `the key was made on ${formatSecond(created)}, which is in the future: the clock here may be slow`;
  }
  const direct = newest(
    history.direct.filter((signature) => isPast(signature, now) && !hasEnded(signature, now)),
  );
  const current = history.users.map((user) => newest(user.filter((signature) => isPast(signature, now))));
  const live = current
    .filter((signature) => signature !== undefined)
    .filter((signature) => !signature.revokes && !hasEnded(signature, now));
  if (live.length === 0) return describeUsers(history.users);
  const flags = direct?.flags ?? newest(live.filter((signature) => signature.flags !== undefined))?.flags;
  if (flags !== undefined && (flags & signData) === 0) return 'the primary key is not meant for signing data';
  const expires = newest(
    direct !== undefined && isLimited(direct) ? [direct] : live.filter(isLimited),
  )?.keyExpires;
  return expires !== undefined && expires <= now ? `the key expired on ${formatSecond(expires)}` : undefined;
}

function describeUsers(users: KeyHistory['users']): string {
  if (users.every((user) => user.length === 0)) return 'the key has no user ID that it has signed itself';
  return 'all user IDs of the key are revoked, expired or of the future';
}

function isLimited({ keyExpires }: SelfSignature): boolean {
  return keyExpires !== undefined && keyExpires !== Infinity;
}

function isPast({ created }: SelfSignature, now: number): boolean {
  return created <= now;
}

function hasEnded({ expires }: SelfSignature, now: number): boolean {
  return expires !== undefined && expires <= now;
}

/** Of two that were made in the same second, the one that allows less counts, whatever their order. */
function newest(signatures: readonly SelfSignature[]): SelfSignature | undefined {
  return signatures.reduce<SelfSignature | undefined>((best, one) => {
    if (best === undefined || one.created > best.created) return one;
    return one.created === best.created && lifeOf(one) < lifeOf(best) ? one : best;
  }, undefined);
}

function lifeOf({ revokes, keyExpires = Infinity }: SelfSignature): number {
  return revokes ? -Infinity : keyExpires;
}
