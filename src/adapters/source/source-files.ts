import type { FileHandle } from 'node:fs/promises';
import { parseJson } from '../../oci/parse-json.ts';
import { SignpostError } from '../../oci/errors.ts';

/**
 * The files of a layout or an archive. In a folder they have fixed names or those of digests; in an archive, which is read
 * in place, any name is only looked up among its entries.
 */
export interface SourceFiles {
  /** The folder or archive, for messages. */
  readonly path: string;
  has(name: string): Promise<boolean>;
  /** The bytes of a file from `offset` on. @throws SignpostError NOT_FOUND, SOURCE_INVALID */
  open(name: string, offset: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** The same for copying: faster, but a piece holds only until the next one is asked for. */
  openForCopy(name: string, offset: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  close(): Promise<void>;
}

const pieceSize = 256 * 1024;

/**
 * A file of at most `limit` bytes, whole.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID, LIMIT_EXCEEDED
 */
export async function readWhole(
  files: SourceFiles,
  name: string,
  limit: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of await files.open(name, 0, signal)) {
    size += piece.length;
    if (size > limit) {
      throw new SignpostError('LIMIT_EXCEEDED', `${files.path}: ${name} has more than ${limit} bytes`);
    }
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}

/** JSON of at most `limit` bytes. @throws SignpostError as {@link readWhole} */
export async function readJson(
  files: SourceFiles,
  name: string,
  limit: number,
  signal: AbortSignal,
): Promise<unknown> {
  const bytes = await readWhole(files, name, limit, signal);
  if (bytes.length === 0) throw new SignpostError('SOURCE_INVALID', `${files.path}: ${name} is empty`);
  return parseJson(bytes, `${files.path}: ${name}`, 'SOURCE_INVALID');
}

/**
 * The bytes of an open file from `start` up to `end`. `where` names it in messages.
 * @throws SignpostError SOURCE_INVALID when the file ends before `end`, CANCELLED, STORAGE
 */
export async function* readPart(
  file: FileHandle,
  start: number,
  end: number,
  signal: AbortSignal,
  where: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  for (let position = start; position < end;) {
    if (signal.aborted) throw new SignpostError('CANCELLED', `stopped reading ${where}`);
    const piece = await readAt(file, position, Math.min(pieceSize, end - position), where);
    if (piece.length === 0)
      throw new SignpostError('SOURCE_INVALID', `${where} has become shorter while it was read`);
    position += piece.length;
    yield piece;
  }
}

const copyPieceSize = 1024 * 1024;

/**
 * As {@link readPart}, but a piece holds only until the next one is asked for: two buffers take turns, and while the
 * caller has one, the other is being filled. Making a new buffer for each piece costs as much as half the hashing.
 * @throws SignpostError as {@link readPart}
 */
export async function* readPartForCopy(
  file: FileHandle,
  start: number,
  end: number,
  signal: AbortSignal,
  where: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  const size = Math.min(copyPieceSize, Math.max(0, end - start));
  let [buffer, other] = [Buffer.allocUnsafeSlow(size), Buffer.allocUnsafeSlow(size)];
  let position = start;
  const readNext = () => {
    [buffer, other] = [other, buffer];
    const reading = readInto(file, position, buffer.subarray(0, Math.min(size, end - position)), where);
    // A failure is met when its turn comes; until then it must not count as unhandled.
    reading.catch(() => {});
    return reading;
  };
  let next = position < end ? readNext() : undefined;
  try {
    while (next !== undefined) {
      if (signal.aborted) throw new SignpostError('CANCELLED', `stopped reading ${where}`);
      const piece = await next;
      if (piece.length === 0)
        throw new SignpostError('SOURCE_INVALID', `${where} has become shorter while it was read`);
      position += piece.length;
      next = position < end ? readNext() : undefined;
      yield piece;
    }
  } finally {
    // The file must not be closed under a read.
    await next?.catch(() => {});
  }
}

/** At most `length` bytes at `position`, fewer only where the file ends. @throws SignpostError STORAGE */
export function readAt(file: FileHandle, position: number, length: number, where: string): Promise<Buffer> {
  return readInto(file, position, Buffer.allocUnsafe(length), where);
}

async function readInto(file: FileHandle, position: number, bytes: Buffer, where: string): Promise<Buffer> {
  let filled = 0;
  while (filled < bytes.length) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await file.read(bytes, filled, bytes.length - filled, position + filled));
    } catch (cause) {
      throw new SignpostError('STORAGE', `cannot read ${where}: ${(cause as Error).message}`, { cause });
    }
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}
