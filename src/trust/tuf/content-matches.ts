import { createHash } from 'node:crypto';
import type { Hashes } from './metadata.ts';

const algorithms: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512']);

/**
 * Whether bytes are what metadata says of them, as far as it says anything (TUF 1.0, section 4.4): every hash that is known
 * here has to be right. Hashes that are all unknown tell nothing, and are no match.
 */
export function contentMatches(
  bytes: Uint8Array,
  { length, hashes }: { readonly length?: number | undefined; readonly hashes?: Hashes | undefined },
): boolean {
  if (length !== undefined && bytes.length !== length) return false;
  if (hashes === undefined) return true;
  const known = Object.entries(hashes).filter(([name]) => algorithms.has(name));
  return (
    known.length > 0 && known.every(([name, hash]) => createHash(name).update(bytes).digest('hex') === hash)
  );
}
