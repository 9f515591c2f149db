import type { Digest } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { blobsOf, parseManifest } from '../../oci/manifest.ts';
import { formatTaggedReference } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import { type StagedImage, type StagedImages, stagedLists } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';
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
      for (const { digest, mediaType } of await readLists(deps, image, needed)) {
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

async function readLists(
  { staging }: StagingScrub,
  image: StagedImage,
  needed: Set<Digest>,
): Promise<readonly Descriptor[]> {
  const named: Descriptor[] = [];
  for (const digest of stagedLists(image)) {
    const list = parseManifest(await staging.readManifest(digest));
    needed.add(digest);
    if (list.kind === 'list') named.push(...list.manifests);
  }
  return named;
}
