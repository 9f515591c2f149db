import type { Digest } from '../oci/digest.ts';
import { isSignpostError } from '../oci/errors.ts';
import { blobsOf, parseManifest } from '../oci/manifest.ts';
import { formatTaggedReference } from '../oci/reference.ts';
import type { Publications } from '../ports/publications.ts';
import type { StagedImages } from '../ports/staged-images.ts';
import type { Staging } from '../ports/staging.ts';
import type { ScrubFindings } from './scrub-report.ts';

export interface StagingScrub {
  readonly staging: Staging;
  readonly stagedImages: StagedImages;
  readonly publications: Publications;
}

/** Checks that all that staged images need is there. Returns what they need. */
export async function scrubStaging(
  deps: StagingScrub,
  findings: ScrubFindings,
): Promise<ReadonlySet<Digest>> {
  const needed = new Set<Digest>();
  for (const image of await deps.stagedImages.list()) {
    const where = `staged ${formatTaggedReference(image)}`;
    try {
      const list = parseManifest(await deps.staging.readManifest(image.list));
      needed.add(image.list);
      for (const { digest, mediaType } of list.kind === 'list' ? list.manifests : []) {
        const manifest = parseManifest(await deps.staging.readManifest(digest), mediaType);
        needed.add(digest);
        for (const blob of manifest.kind === 'image' ? blobsOf(manifest) : []) {
          needed.add(blob.digest);
          if (await deps.staging.hasBlob(blob.digest)) continue;
          if ((await deps.publications.findBlob(blob.digest)) !== undefined) continue;
          findings.problem(where, `blob ${blob.digest} is missing: publish the image again`);
        }
      }
    } catch (error) {
      if (!isSignpostError(error)) throw error;
      findings.problem(where, error.message);
    }
  }
  return needed;
}
