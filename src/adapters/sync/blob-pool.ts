import { linkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { digestHex } from '../../oci/digest.ts';
import type { WantedFile } from '../../ports/incoming-file.ts';
import { makeFolders } from '../files/permissions.ts';
import { errorCode } from '../files/storage-error.ts';
import { stateName } from './mirror-paths.ts';

/**
 * The second name of a blob, under which it is found when another repository has it too; undefined for other files,
 * which are small and seldom the same.
 */
export function poolPath(folder: string, { path, digest }: WantedFile): string | undefined {
  if (!path.endsWith(`/blobs/${digest}`)) return undefined;
  const hex = digestHex(digest);
  return join(folder, stateName, 'blobs', hex.slice(0, 2), hex);
}

/** Gives blobs their second names. */
export interface BlobPool {
  add(path: string, pool: string): void;
}

/** Where a file cannot have two names, the same blob is fetched once more for each repository: that is all. */
export function createPool(): BlobPool {
  const made = new Set<string>();
  return {
    add(path, pool) {
      const folder = dirname(pool);
      try {
        // There are no more than 256 of them.
        if (!made.has(folder)) makeFolders(folder, 'owner');
        made.add(folder);
        linkSync(path, pool);
      } catch (cause) {
        if (errorCode(cause) === 'ENOENT') made.delete(folder);
      }
    },
  };
}
