import { link, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseContentPath } from '../../mirrors/contents/content-path.ts';
import type { MirrorWriter } from '../../ports/mirror-folder.ts';
import { isAbsent, makeFolder, statIfThere, syncFolder, writeFileAtomic } from '../atomic-file.ts';
import type { FlushGate } from '../partial-file.ts';
import { errorCode, storageError } from '../storage-error.ts';
import { linkToPool } from './file-mirror-folder.ts';
import { receiveLarge, receiveSmall, smallSize } from './incoming-file.ts';
import { partialPath, poolPath, stateName } from './mirror-paths.ts';

/** Puts files into the mirror's folder `root`. */
export function createFileMirrorWriter(root: string): MirrorWriter {
  const gate: FlushGate = { busy: false };
  // Thousands of files come into a few folders: each folder is made to remember them once.
  const unsettled = new Set<string>();
  const made = new Set<string>();
  const prepare = async (path: string): Promise<void> => {
    const folder = dirname(path);
    if (!made.has(folder)) await makeFolder(folder);
    if (made.size >= foldersRemembered) made.clear();
    made.add(folder);
    unsettled.add(folder);
  };
  const settle = async (): Promise<void> => {
    const folders = [...unsettled];
    unsettled.clear();
    await Promise.all(folders.map(syncFolder));
  };

  return {
    async adopt(file) {
      const pool = poolPath(root, file);
      if (pool === undefined || (await statIfThere(pool))?.size !== file.size) return false;
      const path = join(root, file.path);
      await prepare(path);
      try {
        // What is there already is not what it must be: otherwise nobody would ask for the file.
        await rm(path, { force: true });
        await link(pool, path);
        return true;
      } catch (cause) {
        if (['ENOENT', 'EMLINK', 'EXDEV', 'EPERM'].includes(errorCode(cause) ?? '')) return false;
        throw storageError(`link ${path}`, cause);
      }
    },

    async receive(file) {
      const path = join(root, file.path);
      await prepare(path);
      const pool = poolPath(root, file);
      const placed = async () => {
        if (pool !== undefined) await linkToPool(path, pool);
      };
      return file.size <= smallSize
        ? receiveSmall(path, file, placed)
        : receiveLarge(partialPath(root, file), path, file, gate, placed);
    },

    async place(path, bytes) {
      await settle();
      await writeFileAtomic(join(root, path), bytes);
    },

    async move(from, to) {
      await prepare(join(root, to));
      await settle();
      try {
        await rename(join(root, from), join(root, to));
      } catch (cause) {
        throw storageError(`write ${join(root, to)}`, cause);
      }
      await syncFolder(dirname(join(root, to)));
    },

    async remove(path) {
      const file = join(root, path);
      try {
        await rm(file, { force: true });
        const { digest } = parseContentPath(path) ?? {};
        const pool = digest && poolPath(root, { path, digest, size: 0 });
        if (pool !== undefined && (await statIfThere(pool))?.nlink === 1) await rm(pool, { force: true });
      } catch (cause) {
        throw storageError(`remove ${file}`, cause);
      }
      made.clear();
      await removeEmpty(root, dirname(file));
    },
  };
}

const foldersRemembered = 10_000;

async function removeEmpty(root: string, folder: string): Promise<void> {
  for (let at = folder; at.startsWith(`${root}/`) && !at.endsWith(stateName); at = dirname(at)) {
    try {
      await rmdir(at);
    } catch (cause) {
      if (isAbsent(cause)) continue;
      return;
    }
  }
}
