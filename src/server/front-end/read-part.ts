import { z } from 'zod';
import { SignpostError } from '../../oci/errors.ts';
import { parseJson } from '../../oci/parse-json.ts';
import { showLines } from '../../oci/show-value.ts';

// The longest piece has hundreds of thousands of rows.
const limits = { depth: 16, values: 8_000_000 };

/**
 * Reads a piece of the snapshot, whose bytes have been verified by their digest.
 * @throws SignpostError REQUEST_INVALID
 */
export function readPart<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  const read = schema.safeParse(parseJson(bytes, what, 'REQUEST_INVALID', limits));
  if (read.success) return read.data;
  throw new SignpostError(
    'REQUEST_INVALID',
    `${what} cannot be read: ${showLines(z.prettifyError(read.error))}`,
  );
}
