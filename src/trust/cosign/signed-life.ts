import { type Reader, textOf, textUpTo } from '../json-reader.ts';
import type { Statement } from '../statement.ts';

/**
 * What cosign has no fields of its own for. They go where `cosign sign -a key=value` puts annotations, and are strings
 * since it makes and compares nothing else: so cosign itself can answer a signing request, and `cosign verify -a` can
 * demand a serial.
 */
export type SignedLife = Pick<Statement, 'serial' | 'created' | 'expires' | 'creator'>;

/** Times become whole seconds since the epoch. */
export function formatSignedLife({ creator, created, expires, serial }: SignedLife) {
  return {
    creator,
    created: String(Math.floor(created / 1000)),
    expires: String(Math.floor(expires / 1000)),
    serial: String(serial),
  };
}

/** What {@link formatSignedLife} wrote. */
export const lifeFields = {
  creator: textUpTo(256),
  created: readTime,
  expires: readTime,
  serial: readDecimal,
};

function readTime(value: unknown, where: string): number {
  return readDecimal(value, where) * 1000;
}

function readDecimal(value: unknown, where: string): number {
  return Number(readDigits(value, where));
}

/** One spelling a number: no sign, no leading zero, and exact when multiplied by a thousand. */
const readDigits: Reader<string> = textOf(/^(?:0|[1-9][0-9]{0,11})$/, 'a whole number in a string');
