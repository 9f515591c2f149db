import type { Digest } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Publications, PublishedManifest } from '../../ports/publications.ts';
import { type StagedImage, type StagedImages, stagedLists } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';
import type { TreeContents } from '../../ports/tree-contents.ts';
import type { TreeWriter } from '../../ports/tree.ts';
import type { CheckedBlob } from './check-blobs.ts';
import type { ComposedArtifacts, PlacedArtifact } from './compose-artifacts.ts';
import { describeManifest } from './describe-manifest.ts';
import type { StagedContent, StagedManifest } from './staged-content.ts';

export interface PlacementDeps {
  readonly staging: Pick<Staging, 'discard'>;
  readonly tree: TreeWriter;
  readonly contents: Pick<TreeContents, 'readMarker' | 'update'>;
  readonly publications: Pick<Publications, 'publish' | 'serials'>;
  readonly stagedImages: Pick<StagedImages, 'list'>;
  /** Told after each file that has been handed to the tree; the signatures of a manifest are one. */
  readonly onPlaced?: (done: number, all: number) => void;
}

/** A staged image all of whose signatures have been verified against the policy, and all of whose blobs are there. */
export interface AcceptedImage {
  readonly image: StagedImage;
  readonly content: StagedContent;
  /** What refers to the manifests, and vouches for nothing. */
  readonly referrers: readonly StagedManifest[];
  readonly blobs: readonly CheckedBlob[];
  /** When the signatures expire, in milliseconds since the epoch. */
  readonly expires: number;
}

/** The complete new lookaside signatures of a digest. */
export interface LookasideSignatures {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly signatures: readonly Uint8Array[];
}

/** All that one publication brings. */
export interface AcceptedContent extends ComposedArtifacts {
  readonly images: readonly AcceptedImage[];
  /** Of the signing request that all of it answers. */
  readonly requestSerial: number;
  readonly lookaside: readonly LookasideSignatures[];
}

/**
 * Makes accepted images visible, all at once. The order is what makes a crash harmless: blobs, manifests, signatures
 * (files that nothing names yet), then one transaction, which is the publication, then the contents lists and the
 * marker that mirrors read, then the staging area is tidied. Stopped anywhere before the transaction, nothing is published and running it again
 * finishes; stopped after it, only the marker is behind ({@link repairMarker}). The caller holds the content lock, and
 * has checked the blobs while it did: each is taken from where it was found whole.
 * @returns the new publication serial, and the paths of published files that the tree lacks: when there are any, mirrors are
 * not told of the publication yet
 * @throws SignpostError NOT_FOUND, DIGEST_MISMATCH, STORAGE
 */
export async function placePublication(
  deps: PlacementDeps,
  { images, requestSerial, lookaside, artifacts, retired }: AcceptedContent,
): Promise<{ readonly serial: number; readonly missing: readonly string[] }> {
  const placements = placementsOf(images);
  const manifests = images.flatMap(manifestsOf);
  const { tree } = deps;
  const work = [
    ...placements.map((one) => () => tree.placeBlob(one.repository, one.digest, one.from)),
    ...manifests.map(
      ({ row, bytes }) =>
        () =>
          tree.placeManifest(row.repository, row.digest, bytes),
    ),
    ...artifacts.map((artifact) => () => placeArtifact(tree, artifact)),
    ...lookaside.map((one) => () => tree.placeSignatures(one.repository, one.digest, one.signatures)),
  ];
  for (const [index, place] of work.entries()) {
    await place();
    deps.onPlaced?.(index + 1, work.length);
  }
  await tree.settle();
  const serial = await deps.publications.publish({
    tags: [
      ...images.map(({ image: { repository, tag, list }, expires }) => {
        return { repository, tag, list, requestSerial, expires };
      }),
      ...artifacts.flatMap(({ tag }) => tag ?? []),
    ],
    manifests: [...manifests, ...artifacts].map(({ row }) => row),
    blobs: [
      ...placements.map(({ repository, digest, size }) => ({ repository, digest, size })),
      ...artifacts.flatMap(({ row, blobs }) =>
        blobs.map(({ digest, bytes: { length: size } }) => ({ repository: row.repository, digest, size })),
      ),
    ],
    retired,
  });
  const missing = await deps.contents.update(await deps.publications.serials());
  await tidyStaging(deps, images);
  return { serial, missing };
}

/** What came of bringing the marker up to date. */
export type MarkerRepair =
  | 'right'
  | 'repaired'
  /** Published files that the tree lacks: the marker stays behind, so that mirrors are promised nothing that is not there. */
  | { readonly missing: readonly string[] };

/**
 * Writes the contents lists and `publication.json` anew when they do not say what the database says, as after a crash
 * between the two.
 * @throws SignpostError ROLLBACK, STORAGE
 */
export async function repairMarker(
  deps: Pick<PlacementDeps, 'contents' | 'publications'>,
): Promise<MarkerRepair> {
  const serials = await deps.publications.serials();
  if ((await refuseOldDatabase(deps)) === serials.serial) return 'right';
  const missing = await deps.contents.update(serials);
  return missing.length > 0 ? { missing } : 'repaired';
}

/**
 * A marker ahead of the database means that the database is an old copy: mirrors already hold later content, under
 * serials that would be given out again.
 * @returns the serial of the marker
 * @throws SignpostError ROLLBACK, STORAGE
 */
export async function refuseOldDatabase({
  contents,
  publications,
}: {
  readonly contents: Pick<PlacementDeps['contents'], 'readMarker'>;
  readonly publications: Pick<Publications, 'serials'>;
}): Promise<number> {
  const { serial } = await publications.serials();
  const found = (await contents.readMarker())?.serial ?? 0;
  if (found <= serial) return found;
  throw new SignpostError(
    'ROLLBACK',
    `publication.json is at serial ${found} but the database at ${serial}: the database was put back to an older ` +
      'state. Put the newest copy of it back, or go on without what it has forgotten: "signpost recover"',
  );
}

/** What to do about published files that the tree lacks. */
export function describeMissing(missing: readonly string[]): string {
  const [first = ''] = missing;
  const more = missing.length > 1 ? `, and ${missing.length - 1} more` : '';
  return (
    `publication.json stays where it was, since the tree lacks what is published: ${first}${more}. Copy the tree back ` +
    'from a mirror or a backup, or publish the images again with --renew; "signpost scrub" names all that is missing'
  );
}

interface ManifestFile {
  readonly row: PublishedManifest;
  readonly bytes: Uint8Array;
}

// The list last: whoever finds it finds what it names.
function manifestsOf({ image, content, referrers }: AcceptedImage): readonly ManifestFile[] {
  return [...content.manifests, ...referrers, content.list].map(({ descriptor, bytes, manifest }) => ({
    row: describeManifest(image.repository, descriptor.digest, bytes, manifest),
    bytes,
  }));
}

/** Several images of a repository may share blobs: each is placed once. */
function placementsOf(images: readonly AcceptedImage[]) {
  const placements = images.flatMap(({ image: { repository }, blobs }) =>
    blobs.map((blob) => [`${repository}@${blob.digest}`, { repository, ...blob }] as const),
  );
  return [...new Map(placements).values()];
}

// The manifest last: whoever finds it finds what it names.
async function placeArtifact(tree: TreeWriter, { row, bytes, blobs }: PlacedArtifact): Promise<void> {
  for (const blob of blobs) await tree.placeBlob(row.repository, blob.digest, blob.bytes);
  await tree.placeManifest(row.repository, row.digest, bytes);
}

// The images are published by now: a staging area that cannot be tidied is no reason to say that they are not. What
// stays is found by scrub.
async function tidyStaging(deps: PlacementDeps, accepted: readonly AcceptedImage[]): Promise<void> {
  try {
    await deps.staging.discard(
      accepted.flatMap(({ image }) => stagedLists(image)),
      (await deps.stagedImages.list()).flatMap(stagedLists),
    );
  } catch (error) {
    if (!isSignpostError(error)) throw error;
  }
}
