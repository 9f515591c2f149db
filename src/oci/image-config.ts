import { describeValue, parseObject, parsePlatformObject } from './descriptor.ts';
import { type Digest, isDigest } from './digest.ts';
import { SignpostError } from './errors.ts';
import type { ImageManifest } from './manifest.ts';
import { isLayerType, mediaTypes } from './media-types.ts';
import { parseJson } from './parse-json.ts';
import type { Platform } from './platform.ts';

/** What a config says of an image, or of an artifact that is made for a platform. */
export interface ImageConfig {
  readonly platform?: Platform;
  /** The digest of each layer before compression. Undefined for an artifact. */
  readonly diffIds?: readonly Digest[];
}

/** Whether a config says by its media type that it is an image's. */
export function isImageConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/**
 * Reads the config of `manifest` (image-spec 1.1, config.md). Old registries and tools gave configs all kinds of media
 * types, so that the content decides: undefined for an artifact whose config says nothing of a platform either.
 * @throws SignpostError MANIFEST_INVALID
 */
export function parseImageConfig(manifest: ImageManifest, bytes: Uint8Array): ImageConfig | undefined {
  const isTyped = isImageConfigType(manifest.config.mediaType);
  try {
    const object = readObject(bytes);
    const platform = parsePlatformObject(object, 'the config');
    // Only a config that claims to be an image's may leave the platform out: an error, where there is a use for it.
    if (platform === undefined && !isTyped) return undefined;
    const config = platform === undefined ? {} : { platform };
    if (isArtifact(manifest, object)) return platform === undefined ? undefined : config;
    return { ...config, diffIds: readDiffIds(object.rootfs) };
  } catch (error) {
    if (isTyped || !(error instanceof SignpostError)) throw error;
    return undefined;
  }
}

// An artifact may be made for a platform, and then borrow the config of an image, without its "rootfs".
function isArtifact({ artifactType, layers }: ImageManifest, config: Record<string, unknown>): boolean {
  if (config.rootfs !== undefined || layers.length === 0) return false;
  return artifactType !== undefined || !layers.some(({ mediaType }) => isLayerType(mediaType));
}

/**
 * The digests of an image's layers before compression, from a config that is known to be an image's.
 * @throws SignpostError MANIFEST_INVALID
 */
export function parseDiffIds(bytes: Uint8Array): readonly Digest[] {
  return readDiffIds(readObject(bytes).rootfs);
}

/**
 * The `diff_ids` of a config's "rootfs"; none where it has none, as an image without layers.
 * @throws SignpostError MANIFEST_INVALID
 */
function readDiffIds(rootfs: unknown): readonly Digest[] {
  if (rootfs === undefined) return [];
  const ids = parseObject(rootfs, 'rootfs').diff_ids ?? [];
  if (!Array.isArray(ids)) {
    throw invalid(`rootfs.diff_ids is ${describeValue(ids)}: expected a list of digests`);
  }
  return ids.map((id: unknown, index) => {
    if (isDigest(id)) return id;
    throw invalid(`rootfs.diff_ids[${index}] is ${describeValue(id)}: expected a digest`);
  });
}

// Nothing is written again from it, so that a byte which is not UTF-8, as in an author's name, spoils nothing.
function readObject(bytes: Uint8Array): Record<string, unknown> {
  const text = Buffer.from(bytes).toString('utf8');
  return parseObject(parseJson(text, 'the config', 'MANIFEST_INVALID'), 'the config');
}

function invalid(message: string): SignpostError {
  return new SignpostError('MANIFEST_INVALID', `the config: ${message}`);
}
