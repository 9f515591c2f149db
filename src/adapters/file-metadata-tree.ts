import { join } from 'node:path';
import { isSignpostError } from '../oci/errors.ts';
import type { MetadataTree } from '../ports/metadata-tree.ts';
import { metadataFileLimit } from '../trust/metadata-file.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { readSmallFile } from './small-file.ts';

/** `tree` is the folder that mirrors copy. */
export function createFileMetadataTree(tree: string): MetadataTree {
  return {
    async read(path) {
      try {
        return await readSmallFile(join(tree, path), metadataFileLimit);
      } catch (error) {
        if (isSignpostError(error, 'NOT_FOUND')) return undefined;
        throw error;
      }
    },
    place: (path, bytes) => writeFileAtomic(join(tree, path), bytes),
  };
}
