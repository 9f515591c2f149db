import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestMatches, digestOf } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { signatureLimit, signaturesLimit, type TreeWriter } from '../ports/tree.ts';
import {
  type RememberFolder,
  isAbsent,
  linkFileAtomic,
  statIfThere,
  syncFolder,
  writeFileAtomic,
} from './atomic-file.ts';
import { hashFile } from './hash-file.ts';
import { storageError } from './storage-error.ts';
import { blobPath, manifestPath, signatureFolder, signatureName, stagingPaths } from './tree-paths.ts';

/** The tree's write side. Blobs are hard-linked from `staging` and between repositories: they cost no space twice. */
export function createFileTreeWriter(folders: {
  readonly tree: string;
  readonly staging: string;
}): TreeWriter {
  const { tree } = folders;
  const staging = stagingPaths(folders.staging);
  // A publication puts thousands of files into a few folders: each folder is made to remember them once.
  const unsettled = new Set<string>();
  const later = async (folder: string) => void unsettled.add(folder);
  return {
    async placeBlob(repository, digest, from) {
      const path = blobPath(tree, repository, digest);
      if (typeof from !== 'string') return placeBytes(path, digest, from, later);
      const source = from === 'staging' ? staging.blob(digest) : blobPath(tree, from, digest);
      try {
        if (source !== path) {
          const isWhole = async (there: string) => (await hashFile(there)) === digest;
          return await linkFileAtomic(source, path, isWhole, later);
        }
        if ((await statIfThere(path)) !== undefined) return;
      } catch (cause) {
        if (!isAbsent(cause)) throw storageError(`place ${path}`, cause);
      }
      throw new SignpostError('NOT_FOUND', `${from} has no blob ${digest}`);
    },

    async placeManifest(repository, digest, bytes) {
      await placeBytes(manifestPath(tree, repository, digest), digest, bytes, later);
    },

    async placeSignatures(repository, digest, signatures) {
      if (signatures.length > signaturesLimit || signatures.some((bytes) => bytes.length > signatureLimit)) {
        throw new SignpostError(
          'LIMIT_EXCEEDED',
          `${repository}@${digest}: at most ${signaturesLimit} signatures of ${signatureLimit} bytes each`,
        );
      }
      const folder = signatureFolder(tree, repository, digest);
      // Upwards, and then what is too many downwards: at every moment the numbers run from 1 without a gap.
      for (const [index, bytes] of signatures.entries()) {
        const path = join(folder, signatureName(index + 1));
        if (!(await holds(path, bytes))) await writeFileAtomic(path, bytes, later);
      }
      await removeAbove(folder, signatures.length, later);
    },

    async settle() {
      const folders = [...unsettled];
      unsettled.clear();
      await Promise.all(
        Array.from({ length: 8 }, async () => {
          for (let folder = folders.pop(); folder !== undefined; folder = folders.pop())
            await syncFolder(folder);
        }),
      );
    },
  };
}

async function placeBytes(
  path: string,
  digest: Digest,
  bytes: Uint8Array,
  remember: RememberFolder,
): Promise<void> {
  if (!digestMatches(digest, bytes)) {
    throw new SignpostError('DIGEST_MISMATCH', `${path}: got ${digestOf(bytes)}`);
  }
  if (!(await holds(path, bytes))) await writeFileAtomic(path, bytes, remember);
}

async function holds(path: string, bytes: Uint8Array): Promise<boolean> {
  if ((await statIfThere(path))?.size !== bytes.length) return false;
  try {
    return Buffer.from(bytes).equals(await readFile(path));
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
}

async function removeAbove(folder: string, last: number, remember: RememberFolder): Promise<void> {
  const numbers = (await namesIn(folder))
    .map((name) => Number(/^signature-(\d{1,9})$/.exec(name)?.[1] ?? 0))
    .filter((number) => number > last)
    .sort((a, b) => b - a);
  for (const number of numbers) {
    const path = join(folder, signatureName(number));
    try {
      await rm(path, { force: true });
    } catch (cause) {
      throw storageError(`remove ${path}`, cause);
    }
  }
  if (numbers.length > 0) await remember(folder);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw storageError(`read ${folder}`, cause);
  }
}
