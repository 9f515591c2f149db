import { hash, timingSafeEqual } from 'node:crypto';
import { SignpostError } from './errors.ts';
import { escapeActing, showValue } from './show-value.ts';

declare const brand: unique symbol;

/** `sha256:` and 64 lower-case hexadecimal digits. Only {@link parseDigest} and {@link digestOf} make one. */
export type Digest = string & { readonly [brand]: 'Digest' };

const digestPattern = /^sha256:[0-9a-f]{64}$/;

/** Whether `text` is a digest of the one algorithm that Signpost publishes. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && digestPattern.test(text);
}

/**
 * Reads a digest (image-spec 1.1, descriptor.md, "Digests").
 * @throws SignpostError REFERENCE_INVALID
 */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text;
  throw new SignpostError(
    'REFERENCE_INVALID',
    `${quote(text)} is not a digest: expected "sha256:" and 64 lower-case hexadecimal digits`,
  );
}

/** The digest of `bytes`. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', bytes)}` as Digest;
}

/** The hexadecimal part: 64 digits. */
export function digestHex(digest: Digest): string {
  return digest.slice('sha256:'.length);
}

/** Whether `bytes` hash to `digest`, compared in constant time. */
export function digestMatches(digest: Digest, bytes: Uint8Array): boolean {
  return timingSafeEqual(Buffer.from(digestOf(bytes)), Buffer.from(digest));
}

const quoteLimit = 80;

/** At most 80 characters of a hostile value, of whatever depth and size, escaped for a message. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : showValue(value, quoteLimit);
  return escapeActing(JSON.stringify(text.length > quoteLimit ? `${text.slice(0, quoteLimit)}…` : text));
}
