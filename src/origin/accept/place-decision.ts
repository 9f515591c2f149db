import { isRepositoryName } from '../../oci/reference.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { ReceivedSignatures } from '../../ports/received-signatures.ts';
import type { StagedImage, StagedImages } from '../../ports/staged-images.ts';
import { describeRefusal } from '../../trust/describe-refusal.ts';
import { type MetadataOutcome, type MetadataSet, placeMetadata } from './accept-metadata.ts';
import { composeArtifacts } from './compose-artifacts.ts';
import { type RefusedImage, describeImageRefusal } from './image-refusal.ts';
import type { WaitingImage } from './judge-image.ts';
import type { MergedSignatures } from './merge-signatures.ts';
import { type AcceptedImage, type PlacementDeps, placePublication } from './place-publication.ts';

export interface PlaceDeps extends PlacementDeps {
  readonly stagedImages: StagedImages;
  readonly received: ReceivedSignatures;
  readonly metadataTree: Pick<MetadataTree, 'place'>;
}

/** What a bundle comes to. */
export interface Decision {
  /** Of the signing request that the bundle answers. */
  readonly serial: number;
  readonly images: readonly AcceptedImage[];
  readonly merged: readonly MergedSignatures[];
  readonly metadata: readonly MetadataSet[];
  readonly waiting: readonly WaitingImage[];
  readonly refused: readonly RefusedImage[];
}

/** What has changed. */
export interface Placed {
  /** The publication serial; undefined when nothing was published. */
  readonly serial: number | undefined;
  readonly metadata: readonly MetadataOutcome[];
  /** Published files that the tree lacks: when there are any, mirrors are not told of what was published. */
  readonly missing: readonly string[];
}

/**
 * Carries out a decision: publishes images, keeps what waits for a later bundle, notes on what stays staged why it does,
 * and places the metadata, which names what is published by then.
 * @throws SignpostError NOT_FOUND, DIGEST_MISMATCH, STORAGE
 */
export async function placeDecision(deps: PlaceDeps, decision: Decision): Promise<Placed> {
  const published = decision.images.length === 0 ? undefined : await publish(deps, decision);
  const { serial, waiting, refused } = decision;
  for (const { image, signatures, have, need } of waiting) {
    await deps.received.put(requestedTag(image, serial), signatures);
    await note(deps, image, describeRefusal({ kind: 'threshold', have, need }));
  }
  for (const { image, kept, reason } of refused) {
    if (image === undefined) continue;
    if (kept.length > 0) await deps.received.put(requestedTag(image, serial), kept);
    await note(deps, image, describeImageRefusal(reason));
  }
  const metadata = await placeMetadata(deps.metadataTree, decision.metadata);
  const unlisted = await listMetadata(deps, metadata);
  return { serial: published?.serial, metadata, missing: unlisted ?? published?.missing ?? [] };
}

async function publish(
  deps: PlaceDeps,
  { serial, images, merged }: Decision,
): ReturnType<typeof placePublication> {
  const placed = await placePublication(deps, {
    images,
    requestSerial: serial,
    lookaside: merged
      .filter(({ format }) => format === 'simple')
      .map(({ repository, subject, envelopes }) => ({
        repository,
        digest: subject.digest,
        signatures: envelopes.map(({ envelope }) => envelope),
      })),
    ...composeArtifacts(merged, serial),
  });
  for (const { image } of images) await deps.received.remove(image.repository, image.tag);
  return placed;
}

function requestedTag({ repository, tag, list }: StagedImage, serial: number) {
  return { repository, tag, list, serial };
}

function note({ stagedImages }: PlaceDeps, image: StagedImage, reason: string): Promise<void> {
  return stagedImages.put({ ...image, reason });
}

/** What mirrors copy is what the contents lists name: the files of metadata have come after those of the images. */
async function listMetadata(
  { contents, publications }: PlaceDeps,
  outcomes: readonly MetadataOutcome[],
): Promise<readonly string[] | undefined> {
  const placed = outcomes.filter((outcome) => 'placed' in outcome);
  if (placed.length === 0) return undefined;
  const repositories = placed.flatMap(({ collection = '' }) => collection.slice(collection.indexOf('/') + 1));
  return contents.update(await publications.serials(), {
    repositories: new Set(repositories.filter(isRepositoryName)),
    metadata: placed.some(({ format }) => format === 'tuf'),
  });
}
