import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, digestMatches, isDigest } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { snapshotLimit, type SnapshotPart, type SnapshotStore } from '../../ports/snapshot-store.ts';
import {
  isAbsent,
  isTemporaryName,
  makePrivateFolder,
  statIfThere,
  writeFileAtomic,
} from '../files/atomic-file.ts';
import { readSmallFile } from '../files/small-file.ts';
import { storageError } from '../files/storage-error.ts';

const partsFolder = 'parts';

/** Where a piece is in the folder of a snapshot. */
export function partPath(folder: string, digest: Digest): string {
  return join(folder, partsFolder, digest);
}

/**
 * A folder with the file `snapshot` and its pieces, named by their digests, in `parts`. They name private mirrors and
 * their CIDR blocks, so that strangers do not read them; a web server that hands them out is put into the group.
 */
export function createFileSnapshotStore(folder: string): SnapshotStore {
  const snapshot = join(folder, 'snapshot');
  const parts = join(folder, partsFolder);
  const pathOf = (digest: Digest) => partPath(folder, digest);
  async function write(path: string, bytes: Uint8Array): Promise<void> {
    await makePrivateFolder(folder, 'group');
    await writeFileAtomic(path, bytes, 'group');
  }
  async function readPart({ digest, size }: SnapshotPart): Promise<Uint8Array | undefined> {
    // One that is damaged may be of any length, and is not read.
    if (statIfThere(pathOf(digest))?.size !== size) return undefined;
    const bytes = await readIfThere(pathOf(digest), size);
    return bytes !== undefined && digestMatches(digest, bytes) ? bytes : undefined;
  }
  return {
    readSnapshot: () => readIfThere(snapshot, snapshotLimit),
    writeSnapshot: (file) => write(snapshot, file),
    readPart,
    async writePart(part, bytes) {
      if ((await readPart(part)) === undefined) await write(pathOf(part.digest), bytes);
    },
    async tidy(keep, age) {
      try {
        for (const name of await namesIn(parts)) {
          if (isDigest(name) ? keep.has(name) : !isTemporaryName(name)) continue;
          const path = join(parts, name);
          if (Date.now() - (await stat(path)).mtimeMs > age) await rm(path, { force: true });
        }
      } catch (cause) {
        throw storageError(`tidy ${parts}`, cause);
      }
    },
  };
}

async function readIfThere(path: string, limit: number): Promise<Uint8Array | undefined> {
  try {
    return await readSmallFile(path, limit);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (isAbsent(cause)) return [];
    throw cause;
  }
}
