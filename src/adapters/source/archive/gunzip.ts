import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';

const otherFormats: Readonly<Record<string, string>> = {
  '28b52ffd': 'zstd',
  '425a68': 'bzip2',
  fd377a585a00: 'xz',
};

/**
 * Whether bytes begin like gzip (RFC 1952, section 2.3.1).
 * @throws SignpostError SOURCE_INVALID for a compression that is not read
 */
export function isGzip(start: Uint8Array, where: string): boolean {
  const hex = Buffer.from(start).toString('hex');
  const other = Object.entries(otherFormats).find(([magic]) => hex.startsWith(magic));
  if (other !== undefined) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${where} is compressed with ${other[1]}: unpack it first, or use gzip`,
    );
  }
  return hex.startsWith('1f8b08');
}

/**
 * The bytes inside a gzip stream, at most `limit` of them. `where` names it in messages.
 * @throws SignpostError SOURCE_INVALID, LIMIT_EXCEEDED
 */
export async function* gunzip(
  packed: AsyncIterable<Uint8Array>,
  limit: number,
  where: string,
): AsyncGenerator<Buffer, void, undefined> {
  const unzip = createGunzip();
  let size = 0;
  // The source's own errors travel through the stream.
  const feeding = pipeline(packed, unzip).catch((error: unknown) => void unzip.destroy(error as Error));
  try {
    for await (const piece of unzip as AsyncIterable<Buffer>) {
      size += piece.length;
      if (size > limit) {
        throw new SignpostError('LIMIT_EXCEEDED', `${where} unpacks to more than ${limit} bytes`);
      }
      yield piece;
    }
  } catch (cause) {
    if (isSignpostError(cause)) throw cause;
    throw new SignpostError('SOURCE_INVALID', `${where} is damaged: ${(cause as Error).message}`, { cause });
  } finally {
    unzip.destroy();
    await feeding;
  }
}

/** Unpacks a gzip stream into a new file. @throws SignpostError SOURCE_INVALID, LIMIT_EXCEEDED, STORAGE */
export async function unpackGzip(
  packed: AsyncIterable<Uint8Array>,
  target: string,
  limit: number,
  where: string,
): Promise<void> {
  try {
    await pipeline(gunzip(packed, limit, where), createWriteStream(target, { flags: 'wx', mode: 0o600 }));
  } catch (cause) {
    if (isSignpostError(cause)) throw cause;
    throw new SignpostError('STORAGE', `cannot unpack ${where}: ${(cause as Error).message}`, { cause });
  }
}
