import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileModes } from './permissions.ts';
import { storageError } from './storage-error.ts';

// One write call takes this much, but for the last: smaller pieces, as a network brings them, are collected. With 512 KiB
// and more, Linux 6.18 takes four times as long for the same bytes.
const batchSize = 256 * 1024;
const readSize = 1024 * 1024;
// After this much, the disk is told to begin: so the fsync at the end finds little left to do.
const flushSize = 32 * 1024 * 1024;

/** Lets one file at a time be flushed early: more would take all threads of the pool, and stop reading and writing. */
export interface FlushGate {
  busy: boolean;
}

/** A file that is being copied in. It hashes what goes through it, in order; nothing is ever read twice. */
export class PartialFile {
  /** How many bytes have been hashed so far. */
  hashed = 0;
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #gate: FlushGate;
  #hash: Hash = createHash('sha256');
  // Pieces are collected in one of these while the other is being written.
  #batch: Buffer = Buffer.alloc(0);
  #spare: Buffer = Buffer.alloc(0);
  #batched = 0;
  #unflushed = 0;
  #isWriting = false;
  #writing: Promise<void> = Promise.resolve();
  #flushing: Promise<void> | undefined;

  private constructor(handle: FileHandle, path: string, gate: FlushGate) {
    this.#gate = gate;
    this.#handle = handle;
    this.#path = path;
  }

  /** Opens or makes the file. @throws SignpostError STORAGE */
  static async open(path: string, gate: FlushGate): Promise<PartialFile> {
    try {
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT, fileModes.everyone);
      // It becomes one of the tree's; until then it is in a private folder.
      await handle.chmod(fileModes.everyone);
      return new PartialFile(handle, path, gate);
    } catch (cause) {
      throw storageError(`write ${path}`, cause);
    }
  }

  /** Hashes what an earlier run left, up to `limit` bytes: after a crash it is not believed. */
  async resume(limit: number): Promise<void> {
    try {
      const { size } = await this.#handle.stat();
      if (size > limit) return await this.restart();
      const buffer = Buffer.allocUnsafe(Math.min(readSize, size));
      while (this.hashed < size) {
        const { bytesRead } = await this.#handle.read(buffer, 0, buffer.length, this.hashed);
        if (bytesRead === 0) break;
        this.#hash.update(buffer.subarray(0, bytesRead));
        this.hashed += bytesRead;
      }
    } catch (cause) {
      throw storageError(`read ${this.#path}`, cause);
    }
  }

  /** Forgets everything and begins at 0. */
  async restart(): Promise<void> {
    await this.#settle();
    try {
      await this.#handle.truncate(0);
    } catch (cause) {
      throw storageError(`write ${this.#path}`, cause);
    }
    this.#hash = createHash('sha256');
    this.hashed = 0;
  }

  /**
   * Takes the next piece, and is done with it when what it returns is resolved. It waits only when the disk is slower
   * than the source.
   */
  write(piece: Uint8Array): Promise<void> | undefined {
    for (let taken = 0; ;) {
      if (this.#batch.length === 0) this.#batch = Buffer.allocUnsafeSlow(batchSize);
      const part = piece.subarray(taken, taken + batchSize - this.#batched);
      this.#batch.set(part, this.#batched);
      this.#batched += part.length;
      taken += part.length;
      if (this.#batched < batchSize) return undefined;
      if (this.#isWriting) return this.#writeLater(piece.subarray(taken));
      this.#writeBatch();
    }
  }

  /** Everything written so far is in the file when this returns, though not yet safe from a power cut. */
  async drain(): Promise<void> {
    await this.#writing;
    this.#writeBatch();
    await this.#settle();
  }

  /** Has the disk take everything. */
  async sync(): Promise<void> {
    try {
      await this.#handle.sync();
    } catch (cause) {
      throw storageError(`write ${this.#path}`, cause);
    }
  }

  /** The hash of everything, in hexadecimal. Ends the hashing. */
  digest(): string {
    return this.#hash.digest('hex');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing]);
    await this.#handle.close();
  }

  async #writeLater(rest: Uint8Array): Promise<void> {
    await this.#writing;
    this.#writeBatch();
    await this.write(rest);
  }

  // The thread pool writes a batch while this thread hashes it. One write is under way at a time.
  #writeBatch(): void {
    if (this.#batched === 0) return;
    const batch = this.#batch.subarray(0, this.#batched);
    [this.#batch, this.#spare] = [this.#spare, this.#batch];
    this.#batched = 0;
    this.#isWriting = true;
    this.#writing = this.#writeAll(batch, this.hashed);
    // A failure is met at the next await of the field; until then it must not count as unhandled.
    this.#writing.catch(() => {});
    this.#hash.update(batch);
    this.hashed += batch.length;
    this.#unflushed += batch.length;
    if (this.#unflushed >= flushSize) this.#flush();
  }

  async #writeAll(piece: Uint8Array, position: number): Promise<void> {
    try {
      for (let written = 0; written < piece.length;) {
        // A write may take less than it was given, on a disk that is nearly full.
        const { bytesWritten } = await this.#handle.write(
          piece,
          written,
          piece.length - written,
          position + written,
        );
        written += bytesWritten;
      }
      this.#isWriting = false;
    } catch (cause) {
      throw storageError(`write ${this.#path}`, cause);
    }
  }

  #flush(): void {
    if (this.#gate.busy) return;
    this.#gate.busy = true;
    this.#unflushed = 0;
    // Only a head start: the sync at the end reports what goes wrong.
    const release = () => void (this.#gate.busy = false);
    this.#flushing = this.#handle.datasync().then(release, release);
  }

  async #settle(): Promise<void> {
    this.#batched = 0;
    await this.#writing;
    await this.#flushing;
  }
}
