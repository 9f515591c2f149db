import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isLayerType } from '../../oci/media-types.ts';
import { type ImagePart, nameOf } from './read-part.ts';

/** What the bytes of a layer have to be once they are unpacked, by the config of an image that has it. */
export interface LayerCheck {
  readonly digest: Digest;
  readonly diffId: Digest;
  /** The layer in messages: "layers[1] of linux/arm64/v8". */
  readonly name: string;
}

/** A layer that nobody here can unpack. */
export interface UncheckedLayer {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly name: string;
  readonly reason: string;
}

/** What the configs of some images say of their layers, as far as it is known before any bytes are. */
export interface LayerPlan {
  readonly checks: readonly LayerCheck[];
  readonly unchecked: readonly UncheckedLayer[];
  /** How an image and its config disagree, in words. */
  readonly mismatches: readonly string[];
}

/**
 * Compares the layers of each image with the digests that its config has for them before compression (image-spec 1.1,
 * config.md, "rootfs"): clients refuse an image, after they have downloaded it, in which the two do not agree. Their
 * number is compared here; what is left to compare needs the bytes.
 */
export function planLayerChecks(parts: readonly ImagePart[]): LayerPlan {
  const checks: LayerCheck[] = [];
  const unchecked: UncheckedLayer[] = [];
  const mismatches: string[] = [];
  for (const part of parts) {
    const diffIds = part.config?.diffIds;
    if (diffIds === undefined) continue;
    const { layers } = part.manifest;
    if (layers.length !== diffIds.length) mismatches.push(describeNumbers(part, diffIds));
    for (const [index, layer] of layers.entries()) {
      const diffId = diffIds[index];
      // What is not compressed is its own content, of whatever type.
      if (diffId === undefined || (diffId === layer.digest && !isCompressedType(layer.mediaType))) continue;
      const name = `layers[${index}] of ${nameOf(part)}`;
      if (isLayerType(layer.mediaType)) checks.push({ digest: layer.digest, diffId, name });
      else unchecked.push(describeUnchecked(layer, name));
    }
  }
  return { checks, unchecked, mismatches };
}

/** @throws SignpostError MANIFEST_INVALID */
export function refuseMismatch(source: string, mismatch: string): never {
  throw new SignpostError(
    'MANIFEST_INVALID',
    `${source}: ${mismatch}. No client could use the image: build it again, or copy it from where it is whole`,
  );
}

function describeNumbers(part: ImagePart, diffIds: readonly Digest[]): string {
  const { layers, config } = part.manifest;
  const index = Math.min(diffIds.length, layers.length);
  return (
    `the manifest of ${nameOf(part)} (${part.descriptor.digest}) names ${layers.length} layers, but its config ` +
    `${config.digest} has rootfs.diff_ids for ${diffIds.length}: from layers[${index}] on they do not agree`
  );
}

function isCompressedType(mediaType: string): boolean {
  return isLayerType(mediaType) && /[+.](?:gzip|zstd)$/.test(mediaType);
}

function describeUnchecked({ digest, mediaType }: Descriptor, name: string): UncheckedLayer {
  const reason = mediaType.endsWith('+encrypted') ? 'it is encrypted' : 'its media type is not known';
  return { digest, mediaType, name, reason };
}
