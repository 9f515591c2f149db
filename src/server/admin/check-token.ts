import { timingSafeEqual } from 'node:crypto';
import type { StoredToken, Tokens } from '../../ports/tokens.ts';
import { readToken } from './token-text.ts';

const day = 86_400_000;
/** Compared with when a token is not known, so that a wrong id takes as long as a wrong secret. */
const nobody = new Uint8Array(32);

/**
 * The token that an `Authorization` header (RFC 6750, section 2.1) bears; undefined when it is wrong in any way:
 * which way is not for its bearer to know. Its day of use is remembered.
 * @param now milliseconds since the epoch
 * @throws SignpostError STORAGE
 */
export async function checkToken(
  tokens: Pick<Tokens, 'find' | 'markUsed'>,
  header: string | undefined,
  now: number,
): Promise<StoredToken | undefined> {
  const [, text = ''] = /^bearer +(\S{1,100})$/i.exec(header ?? '') ?? [];
  const given = readToken(text);
  if (given === undefined) return undefined;
  const token = await tokens.find(given.id);
  const right = timingSafeEqual(token?.hash ?? nobody, given.hash);
  if (token === undefined || !right || hasEnded(token, now)) return undefined;
  const today = Math.floor(now / day) * day;
  if (token.lastUsed !== today) await tokens.markUsed(token.id, today);
  return token;
}

/** Whether it was revoked or has expired. */
export function hasEnded({ revoked, expires }: StoredToken, now: number): boolean {
  return revoked !== undefined || expires <= now;
}
