import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Digest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { manifestLimit } from '../../oci/manifest.ts';
import type { ByteRange } from '../../oci/range.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { signatureLimit, signaturesLimit, type TreeReader } from '../../ports/tree.ts';
import { isAbsent } from '../files/atomic-file.ts';
import { storageError } from '../files/storage-error.ts';
import { blobPath, manifestPath, signatureFolder, signatureName } from './tree-paths.ts';

const memoryLimit = 1024 * 1024;

/** The tree's read side. `tree` is the folder that mirrors copy. */
export function createFileTreeReader(tree: string): TreeReader {
  return {
    async readManifest(repository, digest) {
      await using file = await openFile(manifestPath(tree, repository, digest), repository, digest);
      return await file.read(undefined, manifestLimit);
    },

    async openBlob(repository, digest, range) {
      const file = await openFile(blobPath(tree, repository, digest), repository, digest);
      // The stream closes the file, also when it is destroyed before its end.
      return {
        stream: file.handle.createReadStream({ ...range, highWaterMark: 256 * 1024 }),
        size: file.size,
      };
    },

    async readBlob(repository, digest, range) {
      await using file = await openFile(blobPath(tree, repository, digest), repository, digest);
      return await file.read(range, memoryLimit);
    },

    async readSignatures(repository, digest) {
      const folder = signatureFolder(tree, repository, digest);
      const signatures: Uint8Array[] = [];
      while (signatures.length < signaturesLimit) {
        const path = `${folder}/${signatureName(signatures.length + 1)}`;
        const handle = await openIfThere(path);
        if (handle === undefined) break;
        await using file = await describe(handle, path);
        signatures.push(await file.read(undefined, signatureLimit));
      }
      return signatures;
    },
  };
}

interface OpenFile extends AsyncDisposable {
  readonly handle: FileHandle;
  readonly size: number;
  /** A part, or everything, when that is no more than `limit` bytes. */
  read(range: ByteRange | undefined, limit: number): Promise<Uint8Array>;
}

async function openFile(path: string, repository: RepositoryName, digest: Digest): Promise<OpenFile> {
  const handle = await openIfThere(path);
  if (handle === undefined) throw new SignpostError('NOT_FOUND', `${repository} has no ${digest}`);
  return describe(handle, path);
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw storageError(`read ${path}`, cause);
  }
}

async function describe(handle: FileHandle, path: string): Promise<OpenFile> {
  try {
    const { size } = await handle.stat();
    return {
      handle,
      size,
      read: (range, limit) => readPart(handle, path, range ?? { start: 0, end: size - 1 }, limit),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (cause) {
    await handle.close();
    throw storageError(`read ${path}`, cause);
  }
}

async function readPart(
  handle: FileHandle,
  path: string,
  { start, end }: ByteRange,
  limit: number,
): Promise<Uint8Array> {
  const length = end - start + 1;
  if (length > limit) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `${path}: ${length} bytes are too many to hold in memory: at most ${limit}`,
    );
  }
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  try {
    while (filled < length) {
      const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
  return bytes.subarray(0, filled);
}
