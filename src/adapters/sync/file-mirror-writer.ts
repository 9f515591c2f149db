import { renameSync, statSync } from 'node:fs';
import { link, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { MirrorWriter } from '../../ports/mirror-folder.ts';
import { writeFileAtomic } from '../files/atomic-file.ts';
import type { FlushGate } from '../files/partial-file.ts';
import { errorCode, storageError } from '../files/storage-error.ts';
import { createPool, poolPath } from './blob-pool.ts';
import { receiveLarge } from '../download/large-file.ts';
import { partialPath } from './mirror-paths.ts';
import { SmallFiles, smallSize } from './small-files.ts';
import { UnsettledFolders } from './unsettled-folders.ts';

/** So many files wait for their other names: each time, every folder with something new is waited for. */
const movesLimit = 64;

/** Puts files into the mirror's folder `root`. */
export function createFileMirrorWriter(root: string): MirrorWriter {
  const gate: FlushGate = { busy: false };
  const pools = createPool();
  const small = new SmallFiles();
  const folders = new UnsettledFolders();
  let moves: { readonly from: string; readonly to: string }[] = [];

  const settleNow = async (): Promise<void> => {
    // What these were moved after has been taken in already.
    const due = moves;
    moves = [];
    await small.settle();
    await folders.settle();
    if (due.length === 0) return;
    for (const { from, to } of due) {
      try {
        renameSync(from, to);
      } catch (cause) {
        throw storageError(`write ${to}`, cause);
      }
      folders.placed(to);
    }
    await folders.settle();
  };
  let settled: Promise<void> = Promise.resolve();
  // One after the other: what another one waits for is not on disk yet.
  const settle = (): Promise<void> => {
    const own = settled.then(settleNow);
    settled = own.catch(() => undefined);
    return own;
  };

  return {
    settle,

    async adopt(file) {
      const pool = poolPath(root, file);
      if (pool !== undefined && small.has(file.digest)) await small.settle();
      if (pool === undefined || statSync(pool, { throwIfNoEntry: false })?.size !== file.size) return false;
      const path = join(root, file.path);
      await folders.prepare(path);
      try {
        // What is there already is not what it must be: otherwise nobody would ask for the file.
        await rm(path, { force: true });
        await link(pool, path);
        folders.placed(path);
        return true;
      } catch (cause) {
        if (['ENOENT', 'EMLINK', 'EXDEV', 'EPERM'].includes(errorCode(cause) ?? '')) return false;
        throw storageError(`link ${path}`, cause);
      }
    },

    async receive(file) {
      const path = join(root, file.path);
      await folders.prepare(path);
      const pool = poolPath(root, file);
      const placed = () => {
        folders.placed(path);
        if (pool !== undefined) pools.add(path, pool);
      };
      const partial = partialPath(root, file);
      await folders.prepare(partial);
      return file.size <= smallSize && file.isReadNext !== true
        ? small.receive(partial, path, file, placed)
        : receiveLarge(partial, path, file, gate, placed);
    },

    async place(path, bytes) {
      await settle();
      await writeFileAtomic(join(root, path), bytes, 'everyone');
    },

    async move(from, to) {
      await folders.prepare(join(root, to));
      moves.push({ from: join(root, from), to: join(root, to) });
      if (moves.length >= movesLimit) await settle();
    },
  };
}
