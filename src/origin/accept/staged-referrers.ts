import { artifactTypeOf } from '../../oci/manifest.ts';
import type { StagedImage } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';
import { signatureTypes } from '../../trust/artifact-formats.ts';
import type { RepositoryRule } from './repository-rule.ts';
import { type StagedManifest, readStagedContent } from './staged-content.ts';

/**
 * What was staged with an image because it refers to it. Nobody signs it and nothing follows from it, so that what
 * clients would take for a signature in a format of the rule is left out: only what was verified is published as such.
 * @throws SignpostError NOT_FOUND, DIGEST_MISMATCH, MANIFEST_INVALID, STORAGE
 */
export async function readStagedReferrers(
  staging: Pick<Staging, 'readManifest'>,
  { referrers }: Pick<StagedImage, 'referrers'>,
  { formats }: RepositoryRule,
): Promise<readonly StagedManifest[]> {
  if (referrers === undefined) return [];
  const { manifests } = await readStagedContent(staging, referrers);
  const reserved = signatureTypes(formats.map(({ reader }) => reader.format));
  return manifests.filter(({ manifest }) => !reserved.has(artifactTypeOf(manifest) ?? ''));
}
