import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { DiskSpace } from '../../ports/disk-space.ts';
import { storageError } from '../storage-error.ts';
import { poolPath } from './blob-pool.ts';
import { partialPath } from './mirror-paths.ts';
import { smallSize } from './small-files.ts';

/** The room on the file system of a mirror's folder `root`. */
export function createFileDiskSpace(root: string): DiskSpace {
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return {
    async free() {
      try {
        const { blocks, bavail, bfree, bsize } = await statfs(root);
        // Some network file systems do not know.
        if (blocks === 0) return undefined;
        // What is kept back for root is room for root.
        return bsize * (process.getuid?.() === 0 ? bfree : bavail);
      } catch (cause) {
        throw storageError(`ask how much room there is in ${root}`, cause);
      }
    },

    neededFor(file) {
      const pool = poolPath(root, file);
      if (pool !== undefined && sizeOf(pool) === file.size) return 0;
      // Of small files nothing is kept that is not whole.
      if (file.size <= smallSize) return file.size;
      // What is there under its name is damaged, and goes.
      return Math.max(0, file.size - sizeOf(partialPath(root, file)) - sizeOf(join(root, file.path)));
    },
  };
}
