import type { z } from 'zod';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { readSmallFile } from './small-file.ts';

/**
 * Reads what was remembered in a JSON file. A file that is not there is undefined; one that cannot be read is never taken
 * for that, since forgetting is what somebody who serves old content would want.
 * @param limit bytes that the file may have
 * @param holds what it should hold, for the message
 * @throws SignpostError STORAGE, LIMIT_EXCEEDED, DENIED
 */
export async function readStateFile<T>(
  path: string,
  { schema, limit, holds }: { readonly schema: z.ZodType<T>; readonly limit: number; readonly holds: string },
): Promise<T | undefined> {
  let bytes: Uint8Array;
  try {
    bytes = await readSmallFile(path, limit);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new SignpostError(
      'STORAGE',
      `${path} does not hold ${holds}: put a good copy back, or remove it to start anew`,
      { cause },
    );
  }
}

/** Writes it, atomically: what a person verified is nobody else's business. */
export async function writeStateFile(path: string, state: object): Promise<void> {
  await writeFileAtomic(path, Buffer.from(`${JSON.stringify(state, null, 2)}\n`), 'owner');
}
