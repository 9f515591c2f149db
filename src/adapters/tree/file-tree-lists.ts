import { type FileHandle, constants, open } from 'node:fs/promises';
import { parsePublicationMarker } from '../../tree/publication-marker.ts';
import type { TreeLists } from '../../ports/tree-lists.ts';
import { isAbsent } from '../files/atomic-file.ts';
import { storageError } from '../files/storage-error.ts';
import { contentsPath, markerPath } from './tree-paths.ts';
import { readIfThere } from './read-index.ts';

/** What the tree in the folder `tree` says of itself. */
export function createFileTreeLists(tree: string): TreeLists {
  return {
    async readMarker() {
      const bytes = await readIfThere(markerPath(tree));
      const marker = bytes && parsePublicationMarker(bytes);
      // It is ours, but the tree is a folder that people copy about: what cannot be understood counts as absent.
      return marker === undefined || 'wrong' in marker ? undefined : marker;
    },

    async openList(digest) {
      const path = contentsPath(tree, digest);
      let file: FileHandle | undefined;
      try {
        file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
        const { size } = await file.stat();
        // The stream closes the file, also when it is destroyed before its end.
        return { stream: file.createReadStream({ highWaterMark: 256 * 1024 }), size };
      } catch (cause) {
        await file?.close();
        if (isAbsent(cause)) return undefined;
        throw storageError(`read ${path}`, cause);
      }
    },
  };
}
