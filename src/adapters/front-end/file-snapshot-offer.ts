import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { SignpostError } from '../../oci/errors.ts';
import type { SnapshotOffer } from '../../ports/snapshot-offer.ts';
import { partLimit } from '../../ports/snapshot-store.ts';
import { statIfThere } from '../files/atomic-file.ts';
import { storageError } from '../files/storage-error.ts';
import { createFileSnapshotStore, partPath } from './file-snapshot-store.ts';

const pieceSize = 256 * 1024;

/** What `signpost snapshot` has written into a folder. */
export function createFileSnapshotOffer(folder: string): SnapshotOffer {
  const store = createFileSnapshotStore(folder);
  return {
    readSnapshot: () => store.readSnapshot(),
    async findPart(digest) {
      const path = partPath(folder, digest);
      const found = statIfThere(path);
      if (found === undefined) return undefined;
      const { size } = found;
      if (size > partLimit) {
        throw new SignpostError('LIMIT_EXCEEDED', `${path} has more than ${partLimit} bytes`);
      }
      return { size, content: readPieces(path, size) };
    },
  };
}

/** Exactly `size` bytes: files are replaced whole, and what is named by its digest stays as long as it was. */
async function* readPieces(path: string, size: number): AsyncGenerator<Uint8Array> {
  try {
    await using file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    for (let at = 0; at < size;) {
      const bytes = Buffer.allocUnsafe(Math.min(pieceSize, size - at));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
      if (bytesRead === 0) throw new Error('it is shorter than it was');
      at += bytesRead;
      yield bytes.subarray(0, bytesRead);
    }
  } catch (cause) {
    throw storageError(`read ${path}`, cause);
  }
}
