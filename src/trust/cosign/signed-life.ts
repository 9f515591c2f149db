import { readField, readFields } from '../strict-json.ts';
import type { Statement } from '../statement.ts';

/**
 * What cosign has no fields of its own for. They go where `cosign sign -a key=value` puts annotations, and are strings
 * since it makes and compares nothing else: so cosign itself can answer a signing request, and `cosign verify -a` can
 * demand a serial.
 */
export type SignedLife = Pick<Statement, 'serial' | 'created' | 'expires' | 'creator'>;

const keys = ['creator', 'created', 'expires', 'serial'] as const;

/** Times become whole seconds since the epoch. */
export function formatSignedLife({ creator, created, expires, serial }: SignedLife) {
  return {
    creator,
    created: String(Math.floor(created / 1000)),
    expires: String(Math.floor(expires / 1000)),
    serial: String(serial),
  };
}

/** Reads what {@link formatSignedLife} wrote. Throws SignpostError REQUEST_INVALID. */
export function readSignedLife(value: unknown, where: string): SignedLife {
  const fields = readFields(value, keys, where);
  const readNumber = (key: 'created' | 'expires' | 'serial') =>
    Number(readField(fields[key], isDecimal, 'a whole number in a string', `${where}.${key}`));
  return {
    creator: readField(fields.creator, isCreator, 'at most 256 characters', `${where}.creator`),
    created: readNumber('created') * 1000,
    expires: readNumber('expires') * 1000,
    serial: readNumber('serial'),
  };
}

/** One spelling a number: no sign, no leading zero, and exact when multiplied by a thousand. */
function isDecimal(value: unknown): value is string {
  return typeof value === 'string' && /^(?:0|[1-9][0-9]{0,11})$/.test(value);
}

function isCreator(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 256;
}
