import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Digest, isDigest } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import type { RepositoryName } from '../../src/oci/reference.ts';
import type { PublishedContent, PublishedManifest } from '../../src/ports/publications.ts';

/** A database by whose word all that the tree holds is published, and `referrers` refer to others. */
export function createPublishedFiles(
  tree: string,
  referrers: readonly PublishedManifest[] = [],
): Pick<PublishedContent, 'manifests' | 'blobs'> {
  const digestsIn = async (repository: RepositoryName, kind: string): Promise<readonly Digest[]> => {
    try {
      return (await readdir(join(tree, 'v2', repository, kind))).filter(isDigest);
    } catch {
      return [];
    }
  };
  return {
    async *manifests(repositories = []) {
      for (const repository of repositories) {
        const own = referrers.filter((manifest) => manifest.repository === repository);
        const others = (await digestsIn(repository, 'manifests')).filter(
          (digest) => !own.some((manifest) => manifest.digest === digest),
        );
        yield own;
        yield others.map((digest) => ({ repository, digest, mediaType: mediaTypes.ociManifest, size: 1 }));
      }
    },
    async *blobs(repositories = []) {
      for (const repository of repositories) {
        const blobs = await digestsIn(repository, 'blobs');
        yield blobs.map((digest) => ({ repository, digest, size: 1, serial: 1 }));
      }
    },
  };
}
