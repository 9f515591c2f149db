import { closeSync, fsync, openSync, renameSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { type Digest, digestMatches } from '../../oci/digest.ts';
import type { SignpostError } from '../../oci/errors.ts';
import type { IncomingFile, WantedFile } from '../../ports/mirror-folder.ts';
import { storageError } from '../storage-error.ts';

/** Up to this, a file is held in memory until its digest has been checked: the disk sees it once. In bytes. */
export const smallSize = 256 * 1024;

/** So many are written before the disk is waited for. Each is open until then, and as many more come meanwhile. */
const batchLimit = 256;
/** The pool has four threads, and who writes large files or looks names up needs one as well. */
const syncsAtOnce = 3;

interface WrittenFile {
  readonly file: number;
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
      if (this.#written.length >= batchLimit) await this.#begin();
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

  #write(written: Omit<WrittenFile, 'file'>, bytes: Uint8Array): void {
    try {
      const file = openSync(written.temporary, 'w', 0o644);
      this.#written.push({ ...written, file });
      this.#unnamed.add(written.digest);
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    } catch (cause) {
      this.#failure ??= storageError(`write ${written.temporary}`, cause);
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Has what was written so far get its names, as soon as those before it have theirs. */
  async #begin(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
    if (this.#written.length === 0) return;
    const batch = this.#written;
    this.#written = [];
    this.#committing = this.#commit(batch).finally(() => {
      this.#committing = undefined;
    });
  }

  async #commit(batch: readonly WrittenFile[]): Promise<void> {
    try {
      await syncAll(batch);
      if (this.#failure !== undefined) return;
      for (const { temporary, path, placed } of batch) {
        renameSync(temporary, path);
        placed();
      }
    } catch (cause) {
      this.#failure ??= storageError(`write ${batch[0]?.path ?? ''}`, cause);
    } finally {
      for (const { file, digest } of batch) {
        closeSync(file);
        this.#unnamed.delete(digest);
      }
    }
  }
}

const sync = promisify(fsync);

async function syncAll(batch: readonly WrittenFile[]): Promise<void> {
  const files = batch.values();
  const worker = async () => {
    for (const { file } of files) await sync(file);
  };
  // Every one of them has ended before the files are closed.
  const ends = await Promise.allSettled(Array.from({ length: syncsAtOnce }, worker));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}
