import { open } from 'node:fs/promises';
import { SignpostError } from '../../oci/errors.ts';
import { isAbsent } from './atomic-file.ts';
import { storageError } from './storage-error.ts';

/**
 * A whole file of at most `limit` bytes, such as a key.
 * @throws SignpostError NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export async function readSmallFile(path: string, limit: number): Promise<Uint8Array> {
  try {
    await using file = await open(path, 'r');
    // One byte more than allowed shows that there is more. A pipe may give less at a time, so read until nothing comes.
    const buffer = Buffer.alloc(limit + 1);
    let size = 0;
    for (let got = 1; got > 0 && size < buffer.length; size += got) {
      got = (await file.read(buffer, size, buffer.length - size)).bytesRead;
    }
    if (size > limit) throw new SignpostError('LIMIT_EXCEEDED', `${path} has more than ${limit} bytes`);
    return buffer.subarray(0, size);
  } catch (cause) {
    if (isAbsent(cause)) throw new SignpostError('NOT_FOUND', `there is no file ${path}`, { cause });
    throw storageError(`read ${path}`, cause);
  }
}
