import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type Digest, parseDigest } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import type { UnpackedLayer } from '../../ports/layer-unpacker.ts';
import { isAbsent } from '../files/atomic-file.ts';
import { detectCompression, isReadable } from '../compression/compression.ts';
import { decompress } from '../compression/decompress.ts';
import { peek } from '../compression/peek.ts';
import { storageError } from '../files/storage-error.ts';

const readSize = 1024 * 1024;

/**
 * Unpacks the layer in a file, of which at most `limit` bytes may come, and hashes what is inside.
 * @throws SignpostError NOT_FOUND, STORAGE
 */
export async function unpackFile(path: string, limit: number, signal?: AbortSignal): Promise<UnpackedLayer> {
  const file = createReadStream(path, {
    highWaterMark: readSize,
    ...(signal === undefined ? {} : { signal }),
  });
  try {
    const [start, all] = await peek(file as AsyncIterable<Uint8Array>);
    const compression = detectCompression(start);
    if (compression === undefined) return { kind: 'unpacked', diffId: await hashAll(all) };
    if (!isReadable(compression)) return { kind: 'unknown', compression };
    return { kind: 'unpacked', diffId: await hashAll(decompress(all, compression, limit, 'it')) };
  } catch (cause) {
    if (signal?.aborted === true) throw new SignpostError('CANCELLED', 'stopped', { cause });
    if (isSignpostError(cause)) return { kind: 'damaged', reason: cause.message };
    if (isAbsent(cause)) throw new SignpostError('NOT_FOUND', `${path} is gone`, { cause });
    throw storageError(`read ${path}`, cause);
  } finally {
    file.destroy();
  }
}

async function hashAll(pieces: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha256');
  for await (const piece of pieces) hash.update(piece);
  return parseDigest(`sha256:${hash.digest('hex')}`);
}
