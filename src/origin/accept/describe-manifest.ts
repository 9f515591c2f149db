import type { Digest } from '../../oci/digest.ts';
import { artifactTypeOf, type Manifest } from '../../oci/manifest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { PublishedManifest } from '../../ports/publications.ts';

/** A manifest as it is published. What only the referrers API answers is kept only for what refers to something. */
export function describeManifest(
  repository: RepositoryName,
  digest: Digest,
  bytes: Uint8Array,
  manifest: Manifest,
): PublishedManifest {
  const row = { repository, digest, mediaType: manifest.mediaType, size: bytes.length };
  if (manifest.subject === undefined) return row;
  const artifactType = artifactTypeOf(manifest);
  return {
    ...row,
    subject: manifest.subject.digest,
    ...(artifactType === undefined ? {} : { artifactType }),
    ...(manifest.annotations === undefined ? {} : { annotations: manifest.annotations }),
  };
}
