import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { artifactTypeOf, blobsOf, type ImageManifest, parseManifest } from '../../oci/manifest.ts';
import { isImageType } from '../../oci/media-types.ts';
import { byDigest, formatReferrersIndex } from '../../oci/referrers-index.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import { checkDistributable } from './check-distributable.ts';
import { checkBlobs, checkCount, type PublishLimits } from './publish-limits.ts';
import { explain, readNamed } from './read-part.ts';
import { throwIfCancelled } from './throw-if-cancelled.ts';

/** A manifest that names another as its subject. */
interface Referrer {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: ImageManifest;
}

export interface FoundReferrers {
  /** In the order of their digests. */
  readonly referrers: readonly Referrer[];
  /** Types of those that may not be published as what they say they are. */
  readonly reserved: readonly string[];
  readonly leftOut: number;
  /** An index of them, under which they are staged. */
  readonly index: Uint8Array;
  /** Each blob once. */
  readonly blobs: readonly Descriptor[];
}

export interface ReferrerOptions {
  /** Types that are left out. */
  readonly reserved: ReadonlySet<string>;
  readonly limits: PublishLimits;
  readonly signal: AbortSignal;
}

/** An SBOM has a signature, and that a time stamp: deeper than this nobody nests. */
const depthLimit = 3;

/**
 * Reads what refers to the manifests of an image, and what refers to that. A source may say of anything that it does; what
 * counts is the subject that the manifest itself names.
 * @throws SignpostError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, and what the source throws
 */
export async function readReferrers(
  source: ImageSource,
  subjects: readonly Digest[],
  { reserved, limits, signal }: ReferrerOptions,
): Promise<FoundReferrers> {
  const found = new Map<Digest, Referrer>();
  const refused = new Set<string>();
  const known = new Set(subjects);
  let leftOut = 0;
  let wanted = subjects;
  for (let depth = 0; depth < depthLimit && wanted.length > 0; depth += 1) {
    const next: Digest[] = [];
    for (const subject of wanted) {
      for (const named of (await source.referrers?.(subject)) ?? []) {
        throwIfCancelled(signal);
        if (known.has(named.digest) || !isImageType(named.mediaType)) continue;
        known.add(named.digest);
        checkCount('referrers of the image', known.size - subjects.length, limits.manifests);
        const referrer = await readReferrer(source, named, limits);
        if (referrer?.manifest.subject?.digest !== subject) continue;
        const type = artifactTypeOf(referrer.manifest) ?? '';
        if (reserved.has(type)) {
          refused.add(type);
          leftOut += 1;
          continue;
        }
        found.set(named.digest, referrer);
        next.push(named.digest);
      }
    }
    wanted = next;
  }
  const referrers = [...found.values()].sort((a, b) => byDigest(a.descriptor, b.descriptor));
  const blobs = referrers.flatMap(({ manifest }) => blobsOf(manifest));
  checkBlobs(blobs, limits);
  return {
    referrers,
    reserved: [...refused],
    leftOut,
    index: formatReferrersIndex(referrers.map(({ descriptor }) => descriptor)).bytes,
    blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()],
  };
}

/** Undefined where the source names what it does not have: referrers come and go by themselves. */
async function readReferrer(
  source: ImageSource,
  { mediaType, digest, size, artifactType }: Descriptor,
  limits: PublishLimits,
): Promise<Referrer | undefined> {
  const descriptor = { mediaType, digest, size, ...(artifactType === undefined ? {} : { artifactType }) };
  let bytes: Uint8Array;
  try {
    bytes = await readNamed(source, descriptor);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND')) return undefined;
    throw error;
  }
  const manifest = explain(source, descriptor, () => parseManifest(bytes, mediaType));
  if (manifest.kind !== 'image') {
    throw new SignpostError('MANIFEST_INVALID', `${source.name}: referrer ${digest} is a list`);
  }
  checkCount(`layers of ${digest}`, manifest.layers.length, limits.layers);
  checkDistributable(digest, manifest);
  return { descriptor, bytes, manifest };
}

/**
 * How many manifests a source says refer to those of an image; undefined where it does not say. It is only for a message,
 * and fails nothing.
 * @throws SignpostError CANCELLED
 */
export async function countReferrers(
  source: ImageSource,
  subjects: readonly Digest[],
): Promise<number | undefined> {
  if (source.referrers === undefined) return 0;
  const found = new Set<Digest>();
  try {
    for (const subject of subjects) {
      for (const { digest } of await source.referrers(subject)) found.add(digest);
    }
  } catch (error) {
    if (!isSignpostError(error) || error.code === 'CANCELLED') throw error;
    return undefined;
  }
  return found.difference(new Set(subjects)).size;
}
