import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { join } from 'node:path';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import { metadataFileLimit } from '../../trust/metadata-file.ts';
import { isAbsent, writeFileAtomic } from '../files/atomic-file.ts';
import { storageError } from '../files/storage-error.ts';

/** `tree` is the folder that mirrors copy. */
export function createFileMetadataTree(tree: string): MetadataTree {
  return {
    async read(path) {
      try {
        await using file = await open(join(tree, path), constants.O_RDONLY | constants.O_NOFOLLOW);
        const { size } = await file.stat();
        if (size > metadataFileLimit) {
          throw new SignpostError('LIMIT_EXCEEDED', `${path} has more than ${metadataFileLimit} bytes`);
        }
        return await file.readFile();
      } catch (cause) {
        if (isAbsent(cause)) return undefined;
        throw isSignpostError(cause) ? cause : storageError(`read ${join(tree, path)}`, cause);
      }
    },
    async placedAt(path) {
      try {
        return (await lstat(join(tree, path))).mtimeMs;
      } catch (cause) {
        if (isAbsent(cause)) return undefined;
        throw storageError(`look at ${join(tree, path)}`, cause);
      }
    },
    place: (path, bytes) => writeFileAtomic(join(tree, path), bytes, 'everyone'),
  };
}
