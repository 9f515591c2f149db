import { createHash } from 'node:crypto';

/** A token as its bearer has it, taken apart. */
export interface TokenText {
  /** The public part. */
  readonly id: string;
  /** SHA-256 of the whole. */
  readonly hash: Uint8Array;
}

/** How many random bytes a token is made of: 8 by which it is found, and 32 that are secret. */
export const tokenRandomSize = 40;

const pattern = /^signpost_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

/** Makes a token of `random`, which has {@link tokenRandomSize} bytes. The text is shown once and kept nowhere. */
export function makeToken(random: Buffer): TokenText & { readonly text: string } {
  const id = random.subarray(0, 8).toString('hex');
  const text = `signpost_${id}_${random.subarray(8, tokenRandomSize).toString('base64url')}`;
  return { id, text, hash: hashOf(text) };
}

/** Takes a token apart; undefined for what cannot be one. */
export function readToken(text: string): TokenText | undefined {
  if (text.length > 100) return undefined;
  const [, id] = pattern.exec(text) ?? [];
  return id === undefined ? undefined : { id, hash: hashOf(text) };
}

function hashOf(text: string): Uint8Array {
  return Uint8Array.from(createHash('sha256').update(text).digest());
}
