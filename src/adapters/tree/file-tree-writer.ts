import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Digest, digestMatches, digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { signatureLimit, signaturesLimit, type TreeWriter } from '../../ports/tree.ts';
import { isAbsent } from '../files/atomic-file.ts';
import { FileBatch } from '../files/file-batch.ts';
import { namesIn } from './folder-entries.ts';
import { hashFile } from '../files/hash-file.ts';
import { storageError } from '../files/storage-error.ts';
import { blobPath, manifestPath, signatureFolder, signatureName, stagingPaths } from './tree-paths.ts';

/** The tree's write side. Blobs are hard-linked from `staging` and between repositories: they cost no space twice. */
export function createFileTreeWriter(folders: {
  readonly tree: string;
  readonly staging: string;
}): TreeWriter {
  const { tree } = folders;
  const staging = stagingPaths(folders.staging);
  const batch = new FileBatch();
  const numbered = new Set<string>();

  async function settle(): Promise<void> {
    numbered.clear();
    await batch.settle();
  }

  async function placeBytes(path: string, digest: Digest, bytes: Uint8Array): Promise<void> {
    if (!digestMatches(digest, bytes)) {
      throw new SignpostError('DIGEST_MISMATCH', `${path}: got ${digestOf(bytes)}`);
    }
    if (!batch.has(path) && !holds(path, bytes)) await batch.write(path, bytes);
  }

  async function placeBlob(
    repository: RepositoryName,
    digest: Digest,
    from: RepositoryName | 'staging' | Uint8Array,
  ): Promise<void> {
    const path = blobPath(tree, repository, digest);
    if (typeof from !== 'string') return placeBytes(path, digest, from);
    const source = from === 'staging' ? staging.blob(digest) : blobPath(tree, from, digest);
    const isWhole = async (there: string) => (await hashFile(there)) === digest;
    if (await batch.link(source, path, isWhole)) return;
    throw new SignpostError('NOT_FOUND', `${from} has no blob ${digest}`);
  }

  async function placeSignatures(
    repository: RepositoryName,
    digest: Digest,
    signatures: readonly Uint8Array[],
  ): Promise<void> {
    if (signatures.length > signaturesLimit || signatures.some((bytes) => bytes.length > signatureLimit)) {
      throw new SignpostError(
        'LIMIT_EXCEEDED',
        `${repository}@${digest}: at most ${signaturesLimit} signatures of ${signatureLimit} bytes each`,
      );
    }
    const folder = signatureFolder(tree, repository, digest);
    // What is there is compared with, so it has to be there.
    if (numbered.has(folder)) await settle();
    numbered.add(folder);
    // Upwards, and then what is too many downwards: at every moment the numbers run from 1 without a gap.
    for (const [index, bytes] of signatures.entries()) {
      const path = join(folder, signatureName(index + 1));
      if (!holds(path, bytes)) await batch.write(path, bytes);
    }
    for (const number of numbersAbove(folder, signatures.length)) {
      batch.remove(join(folder, signatureName(number)));
    }
  }

  /** A publication is placed whole or not at all: when one file fails, the others need no names. */
  async function orNothing(work: Promise<void>): Promise<void> {
    try {
      await work;
    } catch (error) {
      batch.abandon();
      throw error;
    }
  }

  return {
    placeBlob: (repository, digest, from) => orNothing(placeBlob(repository, digest, from)),
    placeManifest: (repository, digest, bytes) =>
      orNothing(placeBytes(manifestPath(tree, repository, digest), digest, bytes)),
    placeSignatures: (repository, digest, signatures) =>
      orNothing(placeSignatures(repository, digest, signatures)),
    settle: () => orNothing(settle()),
  };
}

function holds(path: string, bytes: Uint8Array): boolean {
  try {
    if (statSync(path, { throwIfNoEntry: false })?.size !== bytes.length) return false;
    return readFileSync(path).equals(bytes);
  } catch (cause) {
    if (isAbsent(cause)) return false;
    throw storageError(`read ${path}`, cause);
  }
}

/** Downwards. */
function numbersAbove(folder: string, last: number): readonly number[] {
  return namesIn(folder)
    .map((name) => Number(/^signature-(\d{1,9})$/.exec(name)?.[1] ?? 0))
    .filter((number) => number > last)
    .sort((a, b) => b - a);
}
