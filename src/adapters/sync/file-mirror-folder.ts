import { type Stats } from 'node:fs';
import { link, readFile, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MirrorFolder, WantedFile } from '../../ports/mirror-folder.ts';
import { isAbsent, isTemporaryName, makeFolder, statIfThere } from '../atomic-file.ts';
import { hashFile } from '../hash-file.ts';
import { readLines } from '../read-lines.ts';
import { storageError } from '../storage-error.ts';
import { poolPath } from './mirror-paths.ts';

const lineLimit = 2048;

/** A mirror's copy of the tree in the folder `root`. */
export function createFileMirrorFolder(root: string): MirrorFolder {
  return {
    async read(path, limit) {
      const file = join(root, path);
      const size = (await statIfThere(file))?.size;
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
      const present = await statIfThere(path);
      if (present === undefined) return false;
      const isNamedForBytes = path.endsWith(file.digest);
      const isRight =
        present.size === file.size &&
        ((isNamedForBytes && !thorough) || (await hashFile(path)) === file.digest);
      if (isRight) await share(root, file, present);
      else await forget(root, file);
      return isRight;
    },
  };
}

/** A blob that came some other way, such as by rsync, can be linked from now on too. */
async function share(root: string, file: WantedFile, { nlink }: Stats): Promise<void> {
  const pool = nlink === 1 ? poolPath(root, file) : undefined;
  if (pool !== undefined) await linkToPool(join(root, file.path), pool);
}

/** Gives a blob its second name. Where files cannot have two, the same blob is fetched once more for each repository. */
export async function linkToPool(path: string, pool: string): Promise<void> {
  await makeFolder(dirname(pool));
  await link(path, pool).catch(() => undefined);
}

// A damaged file must not come back by its second name.
async function forget(root: string, file: WantedFile): Promise<void> {
  const pool = poolPath(root, file);
  if (pool !== undefined) await rm(pool, { force: true }).catch(() => undefined);
}
