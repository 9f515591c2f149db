import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  linkSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { isAbsent, temporaryNameFor, uniquePart } from './atomic-file.ts';
import { fileModes, makeFolders } from './permissions.ts';
import { errorCode, storageError } from './storage-error.ts';
import { syncPaths } from './sync-paths.ts';

/** So many files wait for their names at most: a crash leaves no more of them lying about. */
const batchLimit = 8192;

/**
 * Files that get their names together. To wait for the disk with each of them would take longer than
 * all else: they are written under temporary names, then all are waited for at once, and only then does each get its name,
 * in the order in which they came. What is done at once is not handed to another thread, which would take longer than
 * doing it. After a failure it has to be abandoned, so that no temporary file stays. Everything throws SignpostError STORAGE.
 */
export class FileBatch {
  readonly #unique = uniquePart();
  /** Temporary names by final ones; undefined for what is to be removed. */
  readonly #waiting = new Map<string, string | undefined>();
  /** Those that are to outlast a power cut with their new entries. */
  readonly #folders = new Set<string>();

  /** Whether there is a file that waits for this name. */
  has(path: string): boolean {
    return this.#waiting.get(path) !== undefined;
  }

  /** Writes a file that is to be called `path`. */
  async write(path: string, bytes: Uint8Array): Promise<void> {
    await attempt(`write ${path}`, async () => {
      const temporary = await this.#wait(path);
      this.#inFolder(path, () => writeWhole(openSync(temporary, 'wx', fileModes.everyone), bytes));
    });
  }

  /**
   * Makes `path` the same file as `from` (a hard link), or a copy of it where links cannot be made. `from` must be whole
   * and on disk, so that a name where nothing is need not wait. Another file that is there is left alone when it has the
   * right size and `isWhole` finds nothing wrong with it, and is replaced otherwise.
   * @returns false when there is no `from`
   */
  async link(from: string, path: string, isWhole: (path: string) => Promise<boolean>): Promise<boolean> {
    const source = statSync(from, { throwIfNoEntry: false });
    if (source === undefined) return false;
    await attempt(`place ${path}`, async () => {
      const present = statSync(path, { throwIfNoEntry: false });
      if (present === undefined && this.#inFolder(path, () => tryLink(from, path))) {
        this.#folders.add(dirname(path));
        return;
      }
      if (present?.ino === source.ino && present.dev === source.dev) return;
      if (present?.size === source.size && (await isWhole(path))) return;
      const temporary = await this.#wait(path);
      if (tryLink(from, temporary)) return;
      await copyFile(from, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
      chmodSync(temporary, fileModes.everyone);
    });
    return true;
  }

  /** Removes a file once those that came before have their names. */
  remove(path: string): void {
    this.#waiting.set(path, undefined);
  }

  /** Everything has its name, and keeps it across a power cut, once this has resolved. */
  async settle(): Promise<void> {
    await attempt('name the files', () => this.#name());
    const folders = [...this.#folders];
    this.#folders.clear();
    await syncPaths(folders);
  }

  /** Whatever waits for its name never gets it. */
  abandon(): void {
    for (const temporary of this.#waiting.values()) {
      if (temporary !== undefined) rmSync(temporary, { force: true });
    }
    this.#waiting.clear();
  }

  async #wait(path: string): Promise<string> {
    if (this.#waiting.has(path) || this.#waiting.size >= batchLimit) await this.#name();
    const temporary = temporaryNameFor(path, this.#unique);
    this.#waiting.set(path, temporary);
    return temporary;
  }

  async #name(): Promise<void> {
    await syncPaths([...this.#waiting.values()].filter((temporary) => temporary !== undefined));
    for (const [path, temporary] of this.#waiting) {
      if (temporary === undefined) rmSync(path, { force: true });
      else renameSync(temporary, path);
      this.#waiting.delete(path);
      this.#folders.add(dirname(path));
    }
  }

  // Most folders are there: they are made when one is not, instead of asked for each time.
  #inFolder<T>(path: string, work: () => T): T {
    try {
      return work();
    } catch (cause) {
      if (!isAbsent(cause)) throw cause;
    }
    for (const made of makeFolders(dirname(path), 'everyone')) this.#folders.add(dirname(made));
    return work();
  }
}

async function attempt(doing: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (cause) {
    throw storageError(doing, cause);
  }
}

function writeWhole(file: number, bytes: Uint8Array): void {
  try {
    fchmodSync(file, fileModes.everyone);
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  } finally {
    closeSync(file);
  }
}

// EXDEV: another file system; EMLINK: the file has as many links as it can have; EPERM: one without hard links.
function tryLink(from: string, path: string): boolean {
  try {
    linkSync(from, path);
    return true;
  } catch (cause) {
    if (['EXDEV', 'EMLINK', 'EPERM', 'EOPNOTSUPP', 'EEXIST'].includes(errorCode(cause) ?? '')) return false;
    throw cause;
  }
}
