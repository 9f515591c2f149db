import { open, rm } from 'node:fs/promises';
import type { NewFile } from '../../ports/new-file.ts';
import { renameDurably, temporaryNameFor } from './atomic-file.ts';
import { fileModes } from './permissions.ts';
import { storageError } from './storage-error.ts';

/** Text is collected up to this size before it goes to the disk, in characters. */
const pieceSize = 256 * 1024;

/**
 * Starts a file at `path`, which it replaces when it is released.
 * @throws SignpostError STORAGE
 */
export async function createNewFile(path: string): Promise<NewFile> {
  const temporary = temporaryNameFor(path);
  const file = await attempt(path, () => open(temporary, 'wx', fileModes.umask));
  let waiting: string[] = [];
  let size = 0;
  let released = false;

  async function flush(): Promise<void> {
    const text = waiting.join('');
    waiting = [];
    size = 0;
    await attempt(path, () => file.appendFile(text));
  }

  return {
    path,
    async write(text) {
      waiting.push(text);
      size += text.length;
      if (size >= pieceSize) await flush();
    },
    async settle() {
      await flush();
      await attempt(path, () => file.sync());
    },
    async release() {
      await flush();
      await attempt(path, async () => {
        await file.sync();
        await file.close();
        await renameDurably(temporary, path);
      });
      released = true;
    },
    async discard() {
      if (released) return;
      await attempt(path, async () => {
        await file.close();
        await rm(temporary, { force: true });
      });
    },
  };
}

async function attempt<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw storageError(`write ${path}`, cause);
  }
}
