import { existsSync, readdirSync } from 'node:fs';
import { isAbsent } from '../files/atomic-file.ts';
import { storageError } from '../files/storage-error.ts';

/** The names in a folder of the tree; none where it is not there. */
export function namesIn(folder: string): readonly string[] {
  try {
    // Most manifests have no signatures of their own, and to ask is cheaper than to fail.
    return existsSync(folder) ? readdirSync(folder) : [];
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw storageError(`read ${folder}`, cause);
  }
}
