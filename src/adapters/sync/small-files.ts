import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { type Digest, digestMatches } from '../../oci/digest.ts';
import type { SignpostError } from '../../oci/errors.ts';
import type { IncomingFile, WantedFile } from '../../ports/incoming-file.ts';
import { fileModes } from '../files/permissions.ts';
import { storageError } from '../files/storage-error.ts';
import { syncPaths } from '../files/sync-paths.ts';

/** Up to this, a file is held in memory until its digest has been checked: the disk sees it once. In bytes. */
export const smallSize = 256 * 1024;

/** So many, and so many bytes, are written before the disk is waited for: what a crash has fetched again at most. */
const batchLimit = 2048;
const batchBytes = 64 * 1024 * 1024;

interface WrittenFile {
  readonly temporary: string;
  readonly path: string;
  readonly digest: Digest;
  readonly placed: () => void;
}

/**
 * Takes in small files. To wait for the disk with each of them would take longer than to fetch them: so many are written
 * first, then all are waited for together while the next come in, and only then does each get its name. What is done at
 * once is not handed to another thread, which would take longer than doing it.
 */
export class SmallFiles {
  #written: WrittenFile[] = [];
  #bytes = 0;
  readonly #unnamed = new Set<Digest>();
  #names = 0;
  #committing: Promise<void> | undefined;
  /** After this nothing is taken in any more: whoever counts on the files of a batch is not who began to write it. */
  #failure: SignpostError | undefined;

  /** `partial` begins the names that files have before they get their own; those of an earlier run are written over. */
  receive(partial: string, path: string, file: WantedFile, placed: () => void): IncomingFile {
    let bytes: Uint8Array = new Uint8Array();
    // The same bytes may come for two repositories at once.
    const temporary = `${partial}.${this.#names++}`;
    let offset = 0;
    const finish = async () => {
      if (offset !== file.size || !digestMatches(file.digest, bytes)) {
        offset = 0;
        return 'wrong' as const;
      }
      this.#write({ temporary, path, digest: file.digest, placed }, bytes);
      if (this.#written.length >= batchLimit || this.#bytes >= batchBytes) await this.#begin();
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
        // Most come in one piece.
        if (piece.length === file.size) bytes = piece;
        else {
          if (offset === 0) bytes = Buffer.allocUnsafe(file.size);
          bytes.set(piece, offset);
        }
        offset += piece.length;
        return undefined;
      },
      finish,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }

  /** Whether such a file waits for its name. */
  has(digest: Digest): boolean {
    return this.#unnamed.has(digest);
  }

  /** Everything that was taken in has its name when this resolves. @throws SignpostError STORAGE */
  async settle(): Promise<void> {
    await this.#begin();
    while (this.#committing !== undefined) await this.#committing;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #write(written: WrittenFile, bytes: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#written.push(written);
    this.#bytes += bytes.length;
    this.#unnamed.add(written.digest);
    try {
      writeFileSync(written.temporary, bytes, { mode: fileModes.everyone });
      chmodSync(written.temporary, fileModes.everyone);
    } catch (cause) {
      this.#failure = storageError(`write ${written.temporary}`, cause);
      throw this.#failure;
    }
  }

  /** Has what was written so far get its names, as soon as those before it have theirs. */
  async #begin(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    if (this.#written.length === 0) return;
    const batch = this.#written;
    this.#written = [];
    this.#bytes = 0;
    this.#committing = this.#commit(batch).finally(() => {
      this.#committing = undefined;
    });
  }

  async #commit(batch: readonly WrittenFile[]): Promise<void> {
    try {
      await syncPaths(batch.map(({ temporary }) => temporary));
      if (this.#failure !== undefined) return;
      for (const { temporary, path, placed } of batch) {
        renameSync(temporary, path);
        placed();
      }
    } catch (cause) {
      this.#failure ??= storageError(`write ${batch[0]?.path ?? ''}`, cause);
    } finally {
      for (const { digest } of batch) this.#unnamed.delete(digest);
    }
  }
}
