import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import type { Compression } from './compression.ts';

// What one turn brings: with the 16 KiB that are usual, going from turn to turn takes longer than the work.
const chunkSize = 256 * 1024;

/**
 * The bytes inside a compressed stream, at most `limit` of them. `where` names it in messages.
 * @throws SignpostError SOURCE_INVALID, LIMIT_EXCEEDED
 */
export async function* decompress(
  packed: AsyncIterable<Uint8Array>,
  compression: Compression,
  limit: number,
  where: string,
): AsyncGenerator<Buffer, void, undefined> {
  const unpacker = compression === 'gzip' ? createGunzip({ chunkSize }) : createZstdDecompress({ chunkSize });
  let packedSize = 0;
  const count = async function* () {
    for await (const piece of packed) {
      packedSize += piece.length;
      yield piece;
    }
  };
  let size = 0;
  // The source's own errors travel through the stream.
  const feeding = pipeline(count, unpacker).catch((error: unknown) => void unpacker.destroy(error as Error));
  try {
    for await (const piece of unpacker as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limit) {
        throw new SignpostError('LIMIT_EXCEEDED', `${where} unpacks to more than ${limit} bytes`);
      }
      yield piece;
    }
    // What follows a frame of zstd and is none itself is left unread, without a word.
    if (compression === 'zstd' && unpacker.bytesWritten < packedSize) {
      throw new SignpostError('SOURCE_INVALID', `${where} is damaged: there is more after its end`);
    }
  } catch (cause) {
    if (isSignpostError(cause)) throw cause;
    throw new SignpostError('SOURCE_INVALID', `${where} is damaged: ${(cause as Error).message}`, { cause });
  } finally {
    unpacker.destroy();
    await feeding;
  }
}

/** Unpacks a compressed stream into a new file. @throws SignpostError SOURCE_INVALID, LIMIT_EXCEEDED, STORAGE */
export async function decompressToFile(
  packed: AsyncIterable<Uint8Array>,
  compression: Compression,
  target: string,
  limit: number,
  where: string,
): Promise<void> {
  try {
    await pipeline(
      decompress(packed, compression, limit, where),
      createWriteStream(target, { flags: 'wx', mode: 0o600 }),
    );
  } catch (cause) {
    if (isSignpostError(cause)) throw cause;
    throw new SignpostError('STORAGE', `cannot unpack ${where}: ${(cause as Error).message}`, { cause });
  }
}
