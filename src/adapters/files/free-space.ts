import { statfs } from 'node:fs/promises';
import { storageError } from './storage-error.ts';

/**
 * How many bytes can still be written on the file system of a folder; undefined when it does not say.
 * @throws SignpostError STORAGE
 */
export async function readFreeSpace(folder: string): Promise<number | undefined> {
  try {
    const { blocks, bavail, bfree, bsize } = await statfs(folder);
    // Some network file systems do not know.
    if (blocks === 0) return undefined;
    // What is kept back for root is room for root.
    return bsize * (process.getuid?.() === 0 ? bfree : bavail);
  } catch (cause) {
    throw storageError(`ask how much room there is in ${folder}`, cause);
  }
}
