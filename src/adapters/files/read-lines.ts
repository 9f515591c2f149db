import { createReadStream } from 'node:fs';
import { SignpostError } from '../../oci/errors.ts';
import { isAbsent } from './atomic-file.ts';
import { storageError } from './storage-error.ts';

/**
 * The lines of a file as they are in it, each with its line feed; the last one may lack it. `limit` is for one line,
 * in bytes.
 * @throws SignpostError NOT_FOUND, LIMIT_EXCEEDED, STORAGE
 */
export function readLines(path: string, limit: number): AsyncGenerator<Uint8Array> {
  return splitLines(createReadStream(path), limit, path);
}

/** The same of a file that is open already; `path` names it in messages. */
export async function* splitLines(
  chunks: AsyncIterable<unknown>,
  limit: number,
  path: string,
): AsyncGenerator<Uint8Array> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const chunk of buffersOf(chunks, path)) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      pieces.push(chunk.subarray(start, end + 1));
      yield pieces.length === 1 ? chunk.subarray(start, end + 1) : Buffer.concat(pieces);
      pieces = [];
      size = 0;
      start = end + 1;
    }
    if (start < chunk.length) pieces.push(chunk.subarray(start));
    size += chunk.length - start;
    if (size > limit) {
      throw new SignpostError('LIMIT_EXCEEDED', `${path} has a line of more than ${limit} bytes`);
    }
  }
  if (pieces.length > 0) yield Buffer.concat(pieces);
}

async function* buffersOf(chunks: AsyncIterable<unknown>, path: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of chunks) yield chunk as Buffer;
  } catch (cause) {
    if (isAbsent(cause)) throw new SignpostError('NOT_FOUND', `there is no file ${path}`, { cause });
    throw storageError(`read ${path}`, cause);
  }
}
