import { SignpostError } from '../../oci/errors.ts';
import { formatTaggedReference, type TaggedReference } from '../../oci/reference.ts';
import { type StagedImage, type StagedImages, stagedLists } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';

/**
 * Forgets a staged image and removes what no other staged image needs. The caller holds the content lock.
 * @throws SignpostError NOT_FOUND, STORAGE
 */
export async function discardStaged(
  deps: { readonly staging: Staging; readonly stagedImages: StagedImages },
  target: TaggedReference,
): Promise<StagedImage> {
  const waiting = await deps.stagedImages.list();
  const image = waiting.find(({ repository, tag }) => repository === target.repository && tag === target.tag);
  if (image === undefined) {
    throw new SignpostError(
      'NOT_FOUND',
      `${formatTaggedReference(target)} is not staged: "signpost staged list" shows what is`,
    );
  }
  await deps.stagedImages.remove(target.repository, target.tag);
  await deps.staging.discard(stagedLists(image), (await deps.stagedImages.list()).flatMap(stagedLists));
  return image;
}
