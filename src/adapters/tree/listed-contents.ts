import { printPullPath } from '../../oci/pull-path.ts';
import { parseContentLine } from '../../tree/contents-list.ts';
import type { Digest } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { ListedContents } from '../../ports/listed-content.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { contentsPath } from './tree-paths.ts';
import { createFileTreeLists } from './file-tree-lists.ts';
import { readIfThere, readIndex } from './read-index.ts';
import { type Published, readPublished } from './read-published.ts';

/** Compares the lists of the tree in the folder `tree` with what the database says is published. */
export function createFileListedContents(
  tree: string,
  published: Published,
  reader: Pick<TreeReader, 'readSignatures'>,
): ListedContents {
  const own = createFileTreeLists(tree);
  const readOwnIndex = async () => {
    const marker = await own.readMarker();
    return { marker, index: marker && (await readIndex(tree, marker.contents)) };
  };
  return {
    async read() {
      const { marker, index } = await readOwnIndex();
      const repositories =
        index && new Map([...index.repositories].map(([name, { serial }]) => [name, serial]));
      return { serial: marker?.serial ?? 0, repositories };
    },

    async *unknown(repositories) {
      const { index } = await readOwnIndex();
      for (const repository of repositories) {
        const list = index?.repositories.get(repository);
        const bytes = list && (await readIfThere(contentsPath(tree, list.digest)));
        if (bytes === undefined) continue;
        const known = new Set(
          (await readPublished(published, repository)).manifests.map(({ digest }) => digest),
        );
        // A list is there under two names.
        for (const digest of new Set(manifestsIn(bytes, repository))) {
          if (known.has(digest)) continue;
          yield { repository, digest, names: namesIn(await reader.readSignatures(repository, digest)) };
        }
      }
    },
  };
}

function manifestsIn(list: Uint8Array, repository: RepositoryName): readonly Digest[] {
  return Buffer.from(list)
    .toString('latin1')
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      try {
        const { path, digest } = parseContentLine(line, repository);
        return digest !== undefined && path.startsWith(printPullPath(repository, 'manifests', ''))
          ? [digest]
          : [];
      } catch (error) {
        // The list is ours, and only read for people: a damaged line names nothing.
        if (isSignpostError(error, 'SOURCE_INVALID')) return [];
        throw error;
      }
    });
}

/** Nobody verifies them here: they only remind people of what it was. Compressed ones do not show it. */
function namesIn(signatures: readonly Uint8Array[]): readonly string[] {
  const names = signatures.flatMap((message) => {
    const text = Buffer.from(message).toString('latin1');
    return [...text.matchAll(/"docker-reference":\s*"([\x21\x23-\x5b\x5d-\x7e]{1,512})"/g)].map(
      ([, name = '']) => name,
    );
  });
  return [...new Set(names)];
}
