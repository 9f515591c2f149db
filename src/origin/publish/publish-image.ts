import { type PublishOptions } from './publish-options.ts';
import { type Digest, quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { formatPlatform } from '../../oci/platform.ts';
import {
  formatTaggedReference,
  isArtifactTag,
  type RepositoryName,
  type TaggedReference,
  type TagName,
} from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import { type StagedImage, type StagedImages, stagedLists } from '../../ports/staged-images.ts';
import { checkNested } from './check-nested.ts';
import { checkRoom } from './check-room.ts';
import { type CopyCounts, type CopyDeps, copyBlobs } from './copy-blobs.ts';
import { withLocalBlobs } from './local-blobs.ts';
import { defaultLimits } from './publish-limits.ts';
import { refuseMismatch, type UncheckedLayer } from './layer-checks.ts';
import { readImage } from './read-image.ts';
import { type ImageContent } from './image-content.ts';
import { type ReferrerCounts, stageReferrers, takeReferrers, withReferrers } from './take-referrers.ts';
import { platformOf } from './read-part.ts';
import { throwIfCancelled } from './throw-if-cancelled.ts';

export interface PublishDeps extends CopyDeps {
  readonly stagedImages: StagedImages;
  readonly clock: Clock;
}

export interface PublishResult {
  readonly reference: string;
  readonly outcome: 'staged' | 'already-published';
  readonly list: Digest;
  readonly madeBecause?: ImageContent['madeBecause'] | 'several-sources';
  readonly manifests: readonly { readonly digest: Digest; readonly platform?: string }[];
  /** What the source's list names and the published one does not, beside platforms that were not wanted. */
  readonly leftOut: ImageContent['leftOut'];
  /** Layers that could not be compared with the config of their image. */
  readonly unchecked: readonly UncheckedLayer[];
  /** Undefined when nothing was staged. */
  readonly referrers?: ReferrerCounts;
  /** How images and their configs disagree, in words, where that is allowed. */
  readonly mismatches: readonly string[];
  readonly blobs: CopyCounts;
  /** All blobs together, in bytes. */
  readonly bytes: number;
}

/**
 * Copies an image from `source` into the staging area, where it waits for its signature under `target`. It counts as
 * staged only once every manifest and blob is there and checked; stopped anywhere before that, it resumes. The caller
 * holds the content lock and closes the source.
 * @throws SignpostError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, NOT_FOUND, CANCELLED, STORAGE, and what the
 *   source throws
 */
export async function publishImage(
  deps: PublishDeps,
  source: ImageSource,
  target: TaggedReference,
  options: PublishOptions = {},
): Promise<PublishResult> {
  checkRepository(target.repository);
  checkTag(target.tag);
  const signal = options.signal ?? new AbortController().signal;
  throwIfCancelled(signal);
  const limits = options.limits ?? defaultLimits;
  const local = withLocalBlobs(deps, source);
  const image = await readImage(local, options.platforms ?? [], limits, signal);
  const allowLayerMismatch = options.allowLayerMismatch === true;
  const [mismatch] = image.mismatches;
  if (mismatch !== undefined && !allowLayerMismatch) refuseMismatch(source.name, mismatch);
  (options.check ?? checkNested)(image);
  const published = await deps.publications.findTag(target.repository, target.tag);
  if (published?.list === image.list.digest && options.renew !== true) {
    const nothing = { copied: 0, resumed: 0, present: 0, published: 0 };
    return describe(target, image, 'already-published', nothing);
  }
  const taken = await takeReferrers(source, image, options, { limits, signal });
  const blobs = withReferrers(image, taken.found);
  await checkRoom(deps, blobs);
  const { counts, ...layers } = await copyBlobs(
    deps,
    source,
    { ...image, blobs },
    { parallel: options.parallel ?? 4, allowLayerMismatch, unpackedLimit: limits.unpackedBytes, signal },
  );
  for (const { descriptor, bytes } of image.parts) await deps.staging.writeManifest(descriptor.digest, bytes);
  await deps.staging.writeManifest(image.list.digest, image.list.bytes);
  const referrers = await stageReferrers(deps, taken.found);
  await stage(deps, { ...target, list: image.list.digest, ...referrers, staged: deps.clock.now() });
  return describe(target, image, 'staged', counts, { ...layers, referrers: taken.counts });
}

// An image that waited under the same tag is replaced: what only it needed goes.
async function stage(deps: PublishDeps, image: StagedImage): Promise<void> {
  const { repository, tag } = image;
  const waiting = await deps.stagedImages.list();
  const before = waiting.find((other) => other.repository === repository && other.tag === tag);
  await deps.stagedImages.put(image);
  if (before === undefined || (before.list === image.list && before.referrers === image.referrers)) return;
  await deps.staging.discard(stagedLists(before), (await deps.stagedImages.list()).flatMap(stagedLists));
}

// The lookaside puts "@sha256=<hex>" behind a repository's last part, and a file's name has at most 255 bytes.
const lastPartLimit = 255 - '@sha256='.length - 64;

function checkRepository(repository: RepositoryName): void {
  const last = repository.slice(repository.lastIndexOf('/') + 1);
  if (last.length <= lastPartLimit) return;
  throw new SignpostError(
    'REFERENCE_INVALID',
    `the last part of the repository name, ${quote(last)}, is too long: at most ${lastPartLimit} characters, so that ` +
      `its signatures can be stored as files`,
  );
}

// Signatures are published under such tags, and would take an image's place.
function checkTag(tag: TagName): void {
  if (!isArtifactTag(tag)) return;
  throw new SignpostError(
    'REFERENCE_INVALID',
    `the tag ${quote(tag)} is kept for signatures, which "signpost accept" publishes: choose another`,
  );
}

function describe(
  target: TaggedReference,
  image: ImageContent,
  outcome: PublishResult['outcome'],
  blobs: CopyCounts,
  {
    unchecked = [],
    mismatches = [],
    referrers,
  }: Partial<Pick<PublishResult, 'unchecked' | 'mismatches' | 'referrers'>> = {},
): PublishResult {
  return {
    reference: formatTaggedReference(target),
    outcome,
    list: image.list.digest,
    ...(image.madeBecause === undefined ? {} : { madeBecause: image.madeBecause }),
    manifests: image.parts.map((part) => {
      const platform = platformOf(part);
      const { digest } = part.descriptor;
      return { digest, ...(platform === undefined ? {} : { platform: formatPlatform(platform) }) };
    }),
    leftOut: image.leftOut,
    unchecked: [...image.unchecked, ...unchecked],
    mismatches: [...image.mismatches, ...mismatches],
    ...(referrers === undefined ? {} : { referrers }),
    blobs,
    bytes: image.blobs.reduce((sum, blob) => sum + blob.size, 0),
  };
}
