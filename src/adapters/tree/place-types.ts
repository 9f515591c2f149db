import { printPullPath } from '../../oci/pull-path.ts';
import { join } from 'node:path';
import { typedName } from '../../tree/typed-manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedManifest } from '../../ports/publications.ts';
import { statIfThere } from '../files/atomic-file.ts';
import { FileBatch } from '../files/file-batch.ts';
import { hashFile } from '../files/hash-file.ts';
import { manifestPath } from './tree-paths.ts';

/**
 * Gives a repository's published manifests, which are in the tree by now, the second names that tell their types.
 * @throws SignpostError STORAGE
 */
export async function placeTypes(
  tree: string,
  repository: RepositoryName,
  manifests: readonly PublishedManifest[],
): Promise<void> {
  const files = new FileBatch();
  try {
    for (const { digest, path } of findMissingTypes(tree, repository, manifests)) {
      const isWhole = async (there: string) => (await hashFile(there)) === digest;
      await files.link(manifestPath(tree, repository, digest), join(tree, path), isWhole);
    }
    await files.settle();
  } finally {
    files.abandon();
  }
}

/** The manifests in the tree whose second names are missing, or lead to something else by their size, and those names. */
export function findMissingTypes(
  tree: string,
  repository: RepositoryName,
  manifests: readonly PublishedManifest[],
): readonly (Pick<PublishedManifest, 'digest'> & { readonly path: string })[] {
  return manifests.flatMap(({ digest, mediaType }) => {
    const path = typedPath(repository, { digest, mediaType });
    const there = statIfThere(manifestPath(tree, repository, digest));
    if (path === undefined || there === undefined) return [];
    return statIfThere(join(tree, path))?.size === there.size ? [] : [{ digest, path }];
  });
}

/** The path of a manifest's second name, below the tree's folder; undefined where it has none. */
export function typedPath(
  repository: RepositoryName,
  { digest, mediaType }: Pick<PublishedManifest, 'digest' | 'mediaType'>,
): string | undefined {
  const name = typedName(digest, mediaType);
  return name === undefined ? undefined : printPullPath(repository, 'manifests', name);
}
