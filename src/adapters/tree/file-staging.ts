import { readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Descriptor } from '../../oci/descriptor.ts';
import { type Digest, digestHex, digestMatches, digestOf } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { manifestLimit } from '../../oci/manifest.ts';
import type { StagedBlob, StagedBlobCheck, Staging, StagingRoom } from '../../ports/staging.ts';
import {
  makeFolder,
  makePrivateFolder,
  renameDurably,
  statIfThere,
  writeFileAtomic,
} from '../files/atomic-file.ts';
import { readFreeSpace } from '../files/free-space.ts';
import { hashFile } from '../files/hash-file.ts';
import { type FlushGate, PartialFile } from '../files/partial-file.ts';
import { collectReachable } from './reachable-content.ts';
import { storageError } from '../files/storage-error.ts';
import { stagingPaths } from './tree-paths.ts';

type BlobDescriptor = Pick<Descriptor, 'digest' | 'size'>;
type OpenBlob = (offset: number) => Promise<AsyncIterable<Uint8Array>>;

/**
 * The staging area as files: `blobs/sha256/<hex>`, `manifests/sha256/<hex>`, and `partial/<hex>` while copying. What is
 * not published yet is nobody else's to read: the folder is private. The files are not, since they become the tree's.
 */
export function createFileStaging(folder: string): Staging & StagedBlobCheck & StagingRoom {
  const paths = stagingPaths(folder);
  const gate: FlushGate = { busy: false };

  async function readManifest(digest: Digest): Promise<Uint8Array> {
    const path = paths.manifest(digest);
    const size = statIfThere(path)?.size;
    if (size === undefined) throw new SignpostError('NOT_FOUND', `manifest ${digest} is not staged`);
    const bytes = size > manifestLimit ? undefined : readWhole(path);
    if (bytes !== undefined && digestMatches(digest, bytes)) return bytes;
    throw new SignpostError(
      'DIGEST_MISMATCH',
      `${path} is damaged: expected ${digest}, got ${bytes === undefined ? `${size} bytes` : digestOf(bytes)}; ` +
        `publish the image again`,
    );
  }

  return {
    hasBlob: async (digest) => statIfThere(paths.blob(digest)) !== undefined,

    neededFor: async ({ digest, size }) => {
      if (statIfThere(paths.blob(digest))?.size === size) return 0;
      return Math.max(0, size - (statIfThere(paths.partial(digest))?.size ?? 0));
    },

    free: async () => {
      await makePrivateFolder(folder, 'owner');
      return readFreeSpace(folder);
    },

    async writeBlob(descriptor, open, advance) {
      const path = paths.blob(descriptor.digest);
      const present = statIfThere(path);
      if (present?.size === descriptor.size) return 'present';
      await makePrivateFolder(folder, 'owner');
      await makeFolder(paths.partials, 'everyone');
      await makeFolder(dirname(path), 'everyone');
      const partial = paths.partial(descriptor.digest);
      const how = await copyIn(partial, gate, descriptor, open, advance);
      await renameDurably(partial, path);
      return how;
    },

    async checkBlob({ digest, size }, options) {
      const path = paths.blob(digest);
      const present = statIfThere(path);
      if (present === undefined) return 'absent';
      if (present.size === size && (await hashFile(path, options)) === digest) return 'whole';
      remove(path);
      return 'damaged';
    },

    async writeManifest(digest, bytes) {
      if (!digestMatches(digest, bytes)) {
        throw new SignpostError('DIGEST_MISMATCH', `manifest ${digest}: got ${digestOf(bytes)}`);
      }
      const present = statIfThere(paths.manifest(digest));
      if (present?.size === bytes.length && digestMatches(digest, readWhole(paths.manifest(digest)))) {
        return;
      }
      await makePrivateFolder(folder, 'owner');
      await writeFileAtomic(paths.manifest(digest), bytes, 'everyone');
    },

    readManifest,

    async discard(lists, keep) {
      const kept = await collectReachable(keep, readManifest);
      const gone = await collectReachable(lists, (digest) => readIfThere(digest, readManifest));
      // Blobs go before the manifests that name them: stopped halfway, discarding again finds the rest.
      for (const digest of gone.blobs.difference(kept.blobs)) {
        remove(paths.blob(digest));
        remove(paths.partial(digest));
      }
      for (const digest of [...gone.manifests.difference(kept.manifests)].toReversed()) {
        remove(paths.manifest(digest));
      }
    },
  };
}

/** Fills the partial file, trying once more from the start when what an earlier run left proves wrong. */
async function copyIn(
  path: string,
  gate: FlushGate,
  descriptor: BlobDescriptor,
  open: OpenBlob,
  advance: (bytes: number) => void,
): Promise<StagedBlob> {
  await using file = await PartialFile.open(path, gate);
  await file.resume(descriptor.size);
  const resumed = file.hashed;
  const fill = async (): Promise<SignpostError | undefined> => {
    const problem = await fillFrom(file, descriptor, open, advance);
    if (problem === undefined) await file.sync();
    return problem;
  };
  let problem = await fill();
  if (problem !== undefined && resumed > 0) {
    advance(-file.hashed);
    await file.restart();
    problem = await fill();
  }
  if (problem === undefined) return resumed > 0 ? 'resumed' : 'copied';
  remove(path);
  throw problem;
}

/** Returns what is wrong with the bytes; throws when they could not be had, and the part that came is kept. */
async function fillFrom(
  file: PartialFile,
  { digest, size }: BlobDescriptor,
  open: OpenBlob,
  advance: (bytes: number) => void,
): Promise<SignpostError | undefined> {
  let got = file.hashed;
  if (got < size) {
    const pieces = await openAt(file, open);
    got = file.hashed;
    advance(got);
    try {
      for await (const piece of pieces) {
        got += piece.length;
        // A source that never ends must not fill the disk.
        if (got > size) return mismatch(digest, `${size} bytes`, `${got} bytes or more`);
        await file.write(piece);
        advance(piece.length);
      }
    } finally {
      await file.drain();
    }
  } else {
    advance(got);
  }
  if (got !== size) return mismatch(digest, `${size} bytes`, `${got} bytes`);
  const hex = file.digest();
  return hex === digestHex(digest) ? undefined : mismatch(digest, digest, `sha256:${hex}`);
}

// A source that cannot start in the middle says so (ports/image-source.ts), and is asked for everything.
async function openAt(file: PartialFile, open: OpenBlob): Promise<AsyncIterable<Uint8Array>> {
  try {
    return await open(file.hashed);
  } catch (error) {
    if (file.hashed === 0 || !isSignpostError(error, 'SOURCE_INVALID')) throw error;
    await file.restart();
    return open(0);
  }
}

function mismatch(digest: Digest, expected: string, got: string): SignpostError {
  return new SignpostError(
    'DIGEST_MISMATCH',
    `blob ${digest}: expected ${expected}, got ${got}: the source is damaged or was changed; nothing of it is kept`,
  );
}

async function readIfThere(digest: Digest, read: (digest: Digest) => Promise<Uint8Array>) {
  try {
    return await read(digest);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND') || isSignpostError(error, 'DIGEST_MISMATCH')) return undefined;
    throw error;
  }
}

function readWhole(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (cause) {
    throw storageError(`remove ${path}`, cause);
  }
}
