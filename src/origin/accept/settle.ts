import type { RegistryHost } from '../../oci/reference.ts';
import type { JudgedMetadata, MetadataSet } from './accept-metadata.ts';
import type { GatheredSignatures } from './gather-signatures.ts';
import { type ImageRefusal, type RefusedImage, refuseImage } from './image-refusal.ts';
import type { VerifiedImage } from './judge-image.ts';
import { type MergedSignatures, mergeSignatures } from './merge-signatures.ts';
import { settleMetadata } from './settle-metadata.ts';

/** What is going to be published, all of which fits together. */
export interface Settled<Image> {
  readonly images: readonly Image[];
  readonly merged: readonly MergedSignatures[];
  readonly metadata: readonly MetadataSet[];
  /** The images that had to go. */
  readonly refused: readonly RefusedImage[];
}

/**
 * Leaves out what does not fit together. Images, metadata and signatures may each refuse images that another had counted
 * on, so that everything is looked at again without them, until nothing is refused any more.
 */
export function settle<Image extends VerifiedImage>(
  registry: RegistryHost,
  images: readonly Image[],
  metadata: JudgedMetadata,
  signatures: readonly GatheredSignatures[],
): Settled<Image> {
  const refused = new Map<string, ImageRefusal>();
  for (;;) {
    const rest = images.filter(({ reference }) => !refused.has(reference));
    const { sets, refusals: unnamed } = settleMetadata(registry, metadata, rest);
    const { merged, refusals: crowded } = mergeSignatures(rest, signatures);
    // Without the images that metadata refuses the others have more room.
    const refusals = unnamed.size > 0 ? unnamed : crowded;
    for (const [reference, reason] of refusals) refused.set(reference, reason);
    if (refusals.size > 0) continue;
    return {
      images: rest,
      merged,
      metadata: sets,
      refused: images.flatMap((image) => refuse(image, refused.get(image.reference))),
    };
  }
}

function refuse(
  { image, signatures }: VerifiedImage,
  reason: ImageRefusal | undefined,
): readonly RefusedImage[] {
  if (reason === undefined) return [];
  // Nothing is wrong with the signatures: the bundle that brings the metadata may be another signer's.
  return [refuseImage(image, reason, image, reason.kind === 'not-named' ? signatures : [])];
}
