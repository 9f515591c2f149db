import { closeSync, fsync, openSync, renameSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Digest, digestMatches } from '../../oci/digest.ts';
import type { IncomingFile, WantedFile } from '../../ports/mirror-folder.ts';
import { storageError } from '../storage-error.ts';

/** Up to this, a file is held in memory until its digest has been checked: the disk sees it once. In bytes. */
export const smallSize = 256 * 1024;

/** So many are written before the disk is waited for. Each is open until then. */
const batchLimit = 128;

interface WrittenFile {
  readonly file: number;
  readonly temporary: string;
  readonly path: string;
  readonly digest: Digest;
  readonly placed: () => void;
}

/**
 * Takes in small files. To wait for the disk with each of them would take longer than to fetch them, and would hold up
 * whoever makes another file meanwhile: so many are written first, then all are waited for together, and only then does
 * each get its name. What is done at once is not handed to another thread, which would take longer than doing it.
 */
export class SmallFiles {
  #written: WrittenFile[] = [];
  /** Those that the disk is waited for. */
  #batch: readonly WrittenFile[] = [];
  #names = 0;
  #committing: Promise<void> | undefined;

  /** `partial` begins the names that files have before they get their own; those of an earlier run are written over. */
  receive(partial: string, path: string, file: WantedFile, placed: () => void): IncomingFile {
    const bytes = Buffer.allocUnsafe(file.size);
    // The same bytes may come for two repositories at once.
    const temporary = `${partial}.${this.#names++}`;
    let offset = 0;
    const finish = async () => {
      if (offset !== file.size || !digestMatches(file.digest, bytes)) {
        offset = 0;
        return 'wrong' as const;
      }
      await this.#write({ temporary, path, digest: file.digest, placed }, bytes);
      return 'placed' as const;
    };
    return {
      get offset() {
        return offset;
      },
      restart: () => {
        offset = 0;
        return Promise.resolve();
      },
      write: (piece) => {
        bytes.set(piece, offset);
        offset += piece.length;
        return undefined;
      },
      finish,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** Whether such a file waits for its name. */
  has(digest: Digest): boolean {
    return [...this.#written, ...this.#batch].some((written) => written.digest === digest);
  }

  /** Everything that was taken in has its name when this resolves. @throws SignpostError STORAGE */
  async settle(): Promise<void> {
    // Whoever has waited with others may find that one of them has begun the next already.
    while (this.#committing !== undefined) await this.#committing;
    if (this.#written.length === 0) return;
    this.#committing = this.#commit();
    try {
      await this.#committing;
    } finally {
      this.#committing = undefined;
    }
  }

  async #write(written: Omit<WrittenFile, 'file'>, bytes: Uint8Array): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    try {
      const file = openSync(written.temporary, 'w', 0o644);
      this.#written.push({ ...written, file });
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    } catch (cause) {
      throw storageError(`write ${written.temporary}`, cause);
    }
    if (this.#written.length >= batchLimit) await this.settle();
  }

  async #commit(): Promise<void> {
    const batch = this.#written;
    this.#batch = batch;
    this.#written = [];
    try {
      await Promise.all(batch.map(({ file }) => sync(file)));
      for (const { temporary, path, placed } of batch) {
        renameSync(temporary, path);
        placed();
      }
    } catch (cause) {
      throw storageError(`write ${batch[0]?.path ?? ''}`, cause);
    } finally {
      for (const { file } of batch) closeSync(file);
      this.#batch = [];
    }
  }
}

const sync = promisify(fsync);
