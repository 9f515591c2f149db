import { statSync } from 'node:fs';
import { readFile, readdir, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseContentPath } from '../../tree/content-path.ts';
import type { MirrorFolder } from '../../ports/mirror-folder.ts';
import { isAbsent, isTemporaryName, statIfThere } from '../files/atomic-file.ts';
import { hashFile } from '../files/hash-file.ts';
import { readLines } from '../files/read-lines.ts';
import { storageError } from '../files/storage-error.ts';
import { createPool, poolPath } from './blob-pool.ts';
import { stateName } from './mirror-paths.ts';

const lineLimit = 2048;

/** A mirror's copy of the tree in the folder `root`. */
export function createFileMirrorFolder(root: string): MirrorFolder {
  const pools = createPool();
  return {
    async read(path, limit) {
      const file = join(root, path);
      const size = statIfThere(file)?.size;
      if (size === undefined || size > limit) return undefined;
      try {
        return await readFile(file);
      } catch (cause) {
        if (isAbsent(cause)) return undefined;
        throw storageError(`read ${file}`, cause);
      }
    },

    async *lines(path) {
      for await (const line of readLines(join(root, path), lineLimit)) {
        yield Buffer.from(line).toString('utf8').replace(/\n$/, '');
      }
    },

    async names(folder) {
      try {
        return new Set((await readdir(join(root, folder))).filter((name) => !isTemporaryName(name)));
      } catch (cause) {
        if (isAbsent(cause)) return new Set();
        throw storageError(`read ${join(root, folder)}`, cause);
      }
    },

    async holds(file, thorough) {
      const path = join(root, file.path);
      const present = statSync(path, { throwIfNoEntry: false });
      if (present === undefined) return false;
      const isNamedForBytes = path.endsWith(file.digest);
      const isRight =
        present.size === file.size &&
        ((isNamedForBytes && !thorough) || (await hashFile(path)) === file.digest);
      const pool = poolPath(root, file);
      if (pool === undefined) return isRight;
      // One that came some other way, such as by rsync, can be linked from now on too.
      if (isRight && present.nlink === 1) pools.add(path, pool);
      // A damaged file must not come back by its second name.
      if (!isRight) await rm(pool, { force: true });
      return isRight;
    },

    async remove(path) {
      const file = join(root, path);
      try {
        await rm(file, { force: true });
        const { digest } = parseContentPath(path) ?? {};
        const pool = digest && poolPath(root, { path, digest, size: 0 });
        if (pool !== undefined && statIfThere(pool)?.nlink === 1) await rm(pool, { force: true });
      } catch (cause) {
        throw storageError(`remove ${file}`, cause);
      }
      if (!path.startsWith(stateName)) await removeEmpty(root, dirname(file));
    },
  };
}

async function removeEmpty(root: string, folder: string): Promise<void> {
  for (let at = folder; at.startsWith(`${root}/`); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (cause) {
      if (isAbsent(cause)) continue;
      return;
    }
  }
}
