import { statSync } from 'node:fs';
import { link, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { MirrorWriter } from '../../ports/mirror-folder.ts';
import { makeFolder, syncFolder, writeFileAtomic } from '../atomic-file.ts';
import type { FlushGate } from '../partial-file.ts';
import { errorCode, storageError } from '../storage-error.ts';
import { createPool, poolPath } from './blob-pool.ts';
import { receiveLarge } from './large-file.ts';
import { partialPath } from './mirror-paths.ts';
import { SmallFiles, smallSize } from './small-files.ts';

/** Puts files into the mirror's folder `root`. */
export function createFileMirrorWriter(root: string): MirrorWriter {
  const gate: FlushGate = { busy: false };
  const pools = createPool();
  const small = new SmallFiles();
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
    await small.settle();
    const folders = [...unsettled];
    unsettled.clear();
    await Promise.all(folders.map(syncFolder));
  };

  return {
    settle,

    async adopt(file) {
      const pool = poolPath(root, file);
      if (pool !== undefined && small.has(file.digest)) await small.settle();
      if (pool === undefined || statSync(pool, { throwIfNoEntry: false })?.size !== file.size) return false;
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
      const placed = () => {
        if (pool !== undefined) pools.add(path, pool);
      };
      const partial = partialPath(root, file);
      await prepare(partial);
      return file.size <= smallSize
        ? small.receive(partial, path, file, placed)
        : receiveLarge(partial, path, file, gate, placed);
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
  };
}

const foldersRemembered = 10_000;
