import { type ImageContent, type FoundImage } from './image-content.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parseManifest, readManifestType } from '../../oci/manifest.ts';
import { isListType, isLayerType } from '../../oci/media-types.ts';
import { formatPlatform, type Platform, platformMatches } from '../../oci/platform.ts';
import type { ImageSource, SourceManifest } from '../../ports/image-source.ts';
import { planLayerChecks } from './layer-checks.ts';
import { wrapManifest } from '../../oci/write-list.ts';
import { checkBlobs, type PublishLimits } from './publish-limits.ts';
import { readList } from './read-list.ts';
import { describePart, explain, type ImagePart, type Reading } from './read-part.ts';

/**
 * Reads an image's manifests and configs out of a source and checks all that can be known before a blob is copied.
 * `platforms` empty means all.
 * @throws SignpostError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, NOT_FOUND, and what the source throws
 */
export async function readImage(
  source: ImageSource,
  platforms: readonly Platform[],
  limits: PublishLimits,
  signal: AbortSignal,
): Promise<ImageContent> {
  const reading = { source, limits, signal };
  const root = await source.root();
  const digest = digestOf(root.bytes);
  const mediaType = explain(source, { digest }, () => readManifestType(root.bytes, root.mediaType));
  const image = isListType(mediaType)
    ? await readList(reading, { ...root, mediaType }, platforms)
    : await readSingle(reading, { ...root, mediaType }, platforms);
  const blobs = image.parts.flatMap(({ manifest }) => [manifest.config, ...manifest.layers]);
  checkBlobs(blobs, limits);
  const { checks, unchecked, mismatches } = planLayerChecks(image.parts);
  return {
    ...image,
    blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()],
    layerChecks: checks,
    unchecked,
    mismatches,
  };
}

async function readSingle(
  reading: Reading,
  root: SourceManifest,
  platforms: readonly Platform[],
): Promise<FoundImage> {
  const digest = digestOf(root.bytes);
  const manifest = explain(reading.source, { digest }, () => parseManifest(root.bytes, root.mediaType));
  if (manifest.kind === 'list') throw new Error('its media type said that it is an image');
  const plain = { mediaType: manifest.mediaType, digest, size: root.bytes.length };
  const part = await describePart(reading, plain, root.bytes, manifest);
  const platform = mergePlatforms(part.config?.platform, root.platform);
  if (platform === undefined && part.config !== undefined) checkNeedsNoPlatform(reading.source, part);
  for (const wanted of platforms) {
    if (platform === undefined || !platformMatches(wanted, platform)) {
      throw new SignpostError(
        'NOT_FOUND',
        `the image has no ${formatPlatform(wanted)}: it is for ${platform === undefined ? 'no platform' : formatPlatform(platform)} alone`,
      );
    }
  }
  const bytes = wrapManifest(manifest, plain, platform);
  const descriptor: Descriptor = { ...plain, ...(platform === undefined ? {} : { platform }) };
  return {
    list: { digest: digestOf(bytes), bytes },
    madeBecause: 'single-manifest',
    parts: [{ ...part, descriptor }],
    isNested: false,
    leftOut: [],
  };
}

// The config decides; what it leaves open, such as the variant of an ARM processor, an index may know.
function mergePlatforms(config: Platform | undefined, entry: Platform | undefined): Platform | undefined {
  if (config === undefined || entry === undefined) return config ?? entry;
  return platformMatches({ os: config.os, architecture: config.architecture }, entry)
    ? { ...entry, ...config }
    : config;
}

function checkNeedsNoPlatform(source: ImageSource, { manifest }: ImagePart): void {
  if (!manifest.layers.some(({ mediaType }) => isLayerType(mediaType))) return;
  throw new SignpostError(
    'MANIFEST_INVALID',
    `${source.name}: config ${manifest.config.digest} names no "os" and "architecture", without which no client finds ` +
      `the image in a list: build it again for a platform`,
  );
}
