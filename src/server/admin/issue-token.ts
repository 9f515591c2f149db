import type { MirrorId } from '../../mirrors/mirror.ts';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { Author } from '../../ports/audit-log.ts';
import type { StoredToken, TokenRole, Tokens } from '../../ports/tokens.ts';
import { makeToken } from './token-text.ts';

export interface TokenDeps {
  readonly tokens: Tokens;
  /** Who asks for it, and when. */
  readonly by: Author;
}

export interface TokenWish {
  readonly role: TokenRole;
  /** With the role `mirror`, and with no other. */
  readonly mirror?: MirrorId | undefined;
  readonly label: string;
  /** In milliseconds. */
  readonly life: number;
}

const day = 86_400_000;
/** How long a token that has ended is still listed, in milliseconds. */
const remembered = 30 * day;
/** A token that nobody remembers must end some day. */
const longestLife = 2 * 366 * day;

/**
 * Makes a token and keeps its hash.
 * @param random fresh random bytes, as many as makeToken needs
 * @returns the token, to be shown once, and what is kept of it
 * @throws SignpostError USAGE, LIMIT_EXCEEDED, STORAGE
 */
export async function issueToken(
  { tokens, by }: TokenDeps,
  { role, mirror, label, life }: TokenWish,
  random: Buffer,
): Promise<{ readonly text: string; readonly token: StoredToken }> {
  if (life > longestLife) throw new SignpostError('USAGE', 'a token is valid for two years at most');
  if (!/^[^\p{Cc}\p{Zl}\p{Zp}]{1,100}$/u.test(label)) {
    throw new SignpostError('USAGE', `${quote(label)} is no label: expected 1 to 100 characters on one line`);
  }
  const { text, id, hash } = makeToken(random);
  const token: StoredToken = { id, hash, role, mirror, label, created: by.at, expires: by.at + life };
  await tokens.add(token, by.at - remembered, by);
  return { text, token };
}
