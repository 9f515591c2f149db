import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedContent, PublishedManifest } from '../../ports/publications.ts';

/** What is published, of which the tree says that it holds it. */
export type Published = Pick<PublishedContent, 'manifests' | 'blobs'>;

/** What is published of one repository. */
export interface PublishedFiles {
  readonly manifests: readonly PublishedManifest[];
  readonly blobs: readonly Digest[];
}

export async function readPublished(
  published: Published,
  repository: RepositoryName,
): Promise<PublishedFiles> {
  const manifests: PublishedManifest[] = [];
  const blobs: Digest[] = [];
  for await (const batch of published.manifests([repository])) manifests.push(...batch);
  for await (const batch of published.blobs([repository])) blobs.push(...batch.map(({ digest }) => digest));
  return { manifests, blobs };
}
