import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { DiskSpace } from '../../ports/disk-space.ts';
import { readFreeSpace } from '../files/free-space.ts';
import { poolPath } from './blob-pool.ts';
import { partialPath } from './mirror-paths.ts';
import { smallSize } from './small-files.ts';

/** The room on the file system of a mirror's folder `root`. */
export function createFileDiskSpace(root: string): DiskSpace {
  const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  return {
    free: () => readFreeSpace(root),

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
