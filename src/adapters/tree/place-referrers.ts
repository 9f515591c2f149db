import { join } from 'node:path';
import { type Digest, isDigest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { formatReferrersIndex, indexReferrers } from '../../oci/referrers-index.ts';
import type { PublishedManifest } from '../../ports/publications.ts';
import { FileBatch } from '../files/file-batch.ts';
import { referrersFolder } from './tree-paths.ts';
import { namesIn } from './folder-entries.ts';
import { readIfThere } from './read-index.ts';

/**
 * Brings the indexes of a repository's referrers in line with its published manifests, which are in the tree by now.
 * Each file changes whole or not at all.
 * @throws SignpostError STORAGE
 */
export async function placeReferrers(
  tree: string,
  repository: RepositoryName,
  manifests: readonly PublishedManifest[],
): Promise<void> {
  const files = new FileBatch();
  try {
    for (const [subject, index] of await findWrongReferrers(tree, repository, manifests)) {
      await files.write(join(referrersFolder(tree, repository), subject), index);
    }
    await files.settle();
  } finally {
    files.abandon();
  }
}

/**
 * The indexes that the tree has not, or has otherwise, and what they must be. A subject whose last referrer is gone has an
 * empty one: mirrors replace it, and nobody is told of what is no longer there.
 */
export async function findWrongReferrers(
  tree: string,
  repository: RepositoryName,
  manifests: readonly PublishedManifest[],
): Promise<ReadonlyMap<Digest, Uint8Array>> {
  const indexes = indexReferrers(manifests);
  const folder = referrersFolder(tree, repository);
  const present = namesIn(folder).filter(isDigest);
  const wrong = new Map<Digest, Uint8Array>();
  for (const subject of new Set([...indexes.keys(), ...present])) {
    const index = indexes.get(subject) ?? empty;
    const bytes = await readIfThere(join(folder, subject));
    if (bytes === undefined || !Buffer.from(bytes).equals(index)) wrong.set(subject, index);
  }
  return wrong;
}

const empty = formatReferrersIndex([]).bytes;
