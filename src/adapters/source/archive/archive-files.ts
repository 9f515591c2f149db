import { type FileHandle, open } from 'node:fs/promises';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import { readAt, readPart, readPartForCopy, type SourceFiles } from '../source-files.ts';
import type { ArchiveLimits } from '../source-options.ts';
import type { TemporaryFolder } from '../temporary-folder.ts';
import { isGzip, unpackGzip } from './gunzip.ts';
import { readTarIndex, type TarIndex } from './tar-index.ts';

const linkHops = 4;
const magicLength = 6;

/**
 * Opens a tar archive. A plain one is read in place; one that is compressed is first unpacked into `temporary`,
 * because blobs are read in any order and from any offset. No entry is ever written under a name of its own.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID, LIMIT_EXCEEDED, STORAGE
 */
export async function openArchiveFiles(
  path: string,
  temporary: TemporaryFolder,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<SourceFiles> {
  const given = await openFile(path);
  const { file, size } = (await startsAsGzip(given.file, path))
    ? await unpack(given.file, given.size, path, temporary, limits, signal)
    : given;
  try {
    if (size > limits.size) {
      throw new SignpostError(
        'LIMIT_EXCEEDED',
        `${path} has ${size} bytes: more than ${limits.size} are refused`,
      );
    }
    const index = await readTarIndex(file, size, limits.entries, path);
    return createArchiveFiles(path, file, index);
  } catch (error) {
    await file.close();
    throw error;
  }
}

function createArchiveFiles(path: string, file: FileHandle, index: TarIndex): SourceFiles {
  let closing: Promise<void> | undefined;
  const openToRead = (read: typeof readPart, name: string, offset: number, signal: AbortSignal) => {
    if (signal.aborted) return Promise.reject(new SignpostError('CANCELLED', `stopped reading ${path}`));
    const entry = findFile(index, name);
    if (entry === undefined)
      return Promise.reject(new SignpostError('NOT_FOUND', `${path} holds no ${name}`));
    const { start, size } = entry;
    return Promise.resolve(read(file, start + offset, start + size, signal, `${path}, ${name}`));
  };
  return {
    path,
    has: (name) => Promise.resolve(index.has(name)),
    open: (name, offset, signal) => openToRead(readPart, name, offset, signal),
    openForCopy: (name, offset, signal) => openToRead(readPartForCopy, name, offset, signal),
    close: () => (closing ??= file.close()),
  };
}

function findFile(index: TarIndex, name: string): { start: number; size: number } | undefined {
  let entry = index.get(name);
  for (let hops = 0; hops < linkHops && entry?.kind === 'link'; hops++) entry = index.get(entry.target);
  return entry?.kind === 'file' ? entry : undefined;
}

async function startsAsGzip(file: FileHandle, path: string): Promise<boolean> {
  try {
    return isGzip(await readAt(file, 0, magicLength, path), path);
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openFile(path: string): Promise<{ file: FileHandle; size: number }> {
  const file = await open(path).catch((cause: unknown) => {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new SignpostError(code === 'ENOENT' ? 'NOT_FOUND' : 'STORAGE', `cannot open ${path}: ${message}`, {
      cause,
    });
  });
  const stat = await file.stat();
  if (stat.isFile()) return { file, size: stat.size };
  await file.close();
  throw new SignpostError('SOURCE_INVALID', `${path} is not a file`);
}

async function unpack(
  packed: FileHandle,
  packedSize: number,
  path: string,
  temporary: TemporaryFolder,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<{ file: FileHandle; size: number }> {
  try {
    const target = await temporary.newFile('archive.tar');
    await unpackGzip(readPart(packed, 0, packedSize, signal, path), target, limits.size, path);
    return await openFile(target);
  } catch (error) {
    throw isSignpostError(error)
      ? error
      : new SignpostError('STORAGE', `${path}: ${(error as Error).message}`, { cause: error });
  } finally {
    await packed.close();
  }
}
