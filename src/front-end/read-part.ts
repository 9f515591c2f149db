import { z } from 'zod';
import { SignpostError } from '../oci/errors.ts';

/**
 * Reads a piece of the snapshot, whose bytes have been verified by their digest.
 * @throws SignpostError REQUEST_INVALID
 */
export function readPart<T>(schema: z.ZodType<T>, bytes: Uint8Array, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SignpostError('REQUEST_INVALID', `${what} is not JSON in UTF-8`, { cause });
  }
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new SignpostError('REQUEST_INVALID', `${what} cannot be read: ${z.prettifyError(read.error)}`);
}
