import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../src/ports/clock.ts';

/** The keys and signatures that test/vectors/openpgp/make.sh made with GnuPG: they date from 2026-01-01. */
export const vectorTime = Date.UTC(2026, 0, 1);

/** A clock that stands still a month after the vectors were made. */
export const vectorClock: Clock = { now: () => vectorTime + 31 * 86_400_000 };

export function readVector(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../vectors/openpgp', name));
}

/** A vector as the key files of an adapter. */
export function vectorFile(name: string): { readonly name: string; readonly bytes: Buffer } {
  return { name, bytes: readVector(name) };
}
