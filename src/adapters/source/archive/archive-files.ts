import { type FileHandle, open } from 'node:fs/promises';
import { quote } from '../../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../../oci/errors.ts';
import {
  type Compression,
  detectCompression,
  isReadable,
  magicLength,
} from '../../compression/compression.ts';
import { decompressToFile } from '../../compression/decompress.ts';
import { readAt, readPart, readPartForCopy, type SourceFiles } from '../source-files.ts';
import type { ArchiveLimits } from '../source-options.ts';
import type { TemporaryFolder } from '../temporary-folder.ts';
import { readTarIndex, type TarIndex } from './tar-index.ts';

const linkHops = 16;

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
  const compression = await readCompression(given.file, path);
  const { file, size } =
    compression === undefined ? given : await unpack(given, compression, path, temporary, limits, signal);
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
  const openToRead = async (read: typeof readPart, name: string, offset: number, signal: AbortSignal) => {
    if (signal.aborted) throw new SignpostError('CANCELLED', `stopped reading ${path}`);
    const { start, size } = findFile(index, name, path);
    return read(file, start + offset, start + size, signal, `${path}, ${name}`);
  };
  return {
    path,
    has: (name) => Promise.resolve(index.has(name)),
    open: (name, offset, signal) => openToRead(readPart, name, offset, signal),
    openForCopy: (name, offset, signal) => openToRead(readPartForCopy, name, offset, signal),
    close: () => (closing ??= file.close()),
  };
}

function findFile(index: TarIndex, name: string, path: string): { start: number; size: number } {
  let entry = index.get(name);
  for (let hops = 0; hops < linkHops && entry?.kind === 'link'; hops++) entry = index.get(entry.target);
  switch (entry?.kind) {
    case 'file':
      return entry;
    case 'folder':
      throw new SignpostError('SOURCE_INVALID', `${path}: the entry ${quote(name)} is a folder`);
    case 'twice':
      throw new SignpostError('SOURCE_INVALID', `${path}: the entry ${quote(name)} is there twice`);
    case 'link':
    case undefined:
      throw new SignpostError('NOT_FOUND', `${path} holds no ${quote(name)}`);
  }
}

async function readCompression(file: FileHandle, path: string): Promise<Compression | undefined> {
  try {
    const compression = detectCompression(await readAt(file, 0, magicLength, path));
    if (compression === undefined || isReadable(compression)) return compression;
    throw new SignpostError(
      'SOURCE_INVALID',
      `${path} is compressed with ${compression}: unpack it first, or use gzip or zstd`,
    );
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
  packed: { readonly file: FileHandle; readonly size: number },
  compression: Compression,
  path: string,
  temporary: TemporaryFolder,
  limits: ArchiveLimits,
  signal: AbortSignal,
): Promise<{ file: FileHandle; size: number }> {
  try {
    const target = await temporary.newFile('archive.tar');
    const pieces = readPart(packed.file, 0, packed.size, signal, path);
    await decompressToFile(pieces, compression, target, limits.size, path);
    return await openFile(target);
  } catch (error) {
    throw isSignpostError(error)
      ? error
      : new SignpostError('STORAGE', `${path}: ${(error as Error).message}`, { cause: error });
  } finally {
    await packed.file.close();
  }
}
