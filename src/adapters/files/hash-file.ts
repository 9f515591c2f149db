import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isAbsent } from './atomic-file.ts';
import { storageError } from './storage-error.ts';

const bufferSize = 1024 * 1024;

export interface HashFileOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told of each piece, in bytes. */
  readonly advance?: (bytes: number) => void;
}

/**
 * The digest of a file's bytes.
 * @throws SignpostError NOT_FOUND, CANCELLED, STORAGE
 */
export async function hashFile(path: string, { signal, advance }: HashFileOptions = {}): Promise<Digest> {
  try {
    const { size } = statSync(path);
    if (size <= bufferSize) {
      // To hand it to another thread would take longer.
      const bytes = readFileSync(path);
      advance?.(bytes.length);
      return digestOf(bytes);
    }
    await using file = await open(path);
    const hash = createHash('sha256');
    const length = Math.min(bufferSize, (await file.stat()).size + 1);
    // The next piece is read into the other one while this one is hashed.
    const buffers = [Buffer.allocUnsafe(length), Buffer.allocUnsafe(length)] as const;
    let reads = 0;
    const read = (at: number) => file.read(buffers[reads++ % 2 === 0 ? 0 : 1], 0, length, at);
    let next = read(0);
    for (let at = 0; ;) {
      const { bytesRead, buffer } = await next;
      if (bytesRead === 0) break;
      if (signal?.aborted === true) throw new SignpostError('CANCELLED', 'stopped');
      at += bytesRead;
      next = read(at);
      hash.update(buffer.subarray(0, bytesRead));
      advance?.(bytesRead);
    }
    return `sha256:${hash.digest('hex')}` as Digest;
  } catch (cause) {
    if (isAbsent(cause)) throw new SignpostError('NOT_FOUND', `${path} is gone`, { cause });
    throw storageError(`read ${path}`, cause);
  }
}
