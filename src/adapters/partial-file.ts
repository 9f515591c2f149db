import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { storageError } from './storage-error.ts';

// One write call takes about this much: large enough that calls cost nothing, small enough to stay in the cache
// between hashing and writing.
const batchSize = 1024 * 1024;
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
  #batch: Uint8Array[] = [];
  #batched = 0;
  #unflushed = 0;
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
      return new PartialFile(await open(path, constants.O_RDWR | constants.O_CREAT, 0o644), path, gate);
    } catch (cause) {
      throw storageError(`write ${path}`, cause);
    }
  }

  /** Hashes what an earlier run left, up to `limit` bytes: after a crash it is not believed. */
  async resume(limit: number): Promise<void> {
    try {
      const { size } = await this.#handle.stat();
      if (size > limit) return await this.restart();
      const buffer = Buffer.allocUnsafe(batchSize);
      while (this.hashed < size) {
        const { bytesRead } = await this.#handle.read(buffer, 0, batchSize, this.hashed);
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

  /** Takes the next piece. It waits only when the disk is slower than the source. */
  async write(piece: Uint8Array): Promise<void> {
    this.#batch.push(piece);
    this.#batched += piece.length;
    if (this.#batched >= batchSize) await this.#writeBatch();
  }

  /** Everything written so far is in the file when this returns, though not yet safe from a power cut. */
  async drain(): Promise<void> {
    await this.#writeBatch();
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

  async #writeBatch(): Promise<void> {
    const batch = this.#batch;
    if (batch.length === 0) return;
    const position = this.hashed;
    await this.#writing;
    // The thread pool writes this batch while this thread hashes it.
    this.#writing = this.#writeAll(batch, position);
    // A failure is met at the next await of the field; until then it must not count as unhandled.
    this.#writing.catch(() => {});
    for (const piece of batch) this.#hash.update(piece);
    this.hashed += this.#batched;
    this.#unflushed += this.#batched;
    this.#batch = [];
    this.#batched = 0;
    if (this.#unflushed >= flushSize) this.#flush();
  }

  async #writeAll(batch: readonly Uint8Array[], position: number): Promise<void> {
    try {
      let rest = [...batch];
      for (let at = position; rest.length > 0;) {
        const { bytesWritten } = await this.#handle.writev(rest, at);
        at += bytesWritten;
        rest = dropBytes(rest, bytesWritten);
      }
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
    this.#batch = [];
    this.#batched = 0;
    await this.#writing;
    await this.#flushing;
  }
}

// A write may take less than it was given, on a disk that is nearly full.
function dropBytes(pieces: Uint8Array[], count: number): Uint8Array[] {
  let dropped = 0;
  return pieces.flatMap((piece) => {
    const skip = Math.min(piece.length, count - dropped);
    dropped += skip;
    return skip === piece.length ? [] : [piece.subarray(skip)];
  });
}
