import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { isLayerType } from '../oci/media-types.ts';
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

/**
 * Compares the layers of each image with the digests that its config has for them before compression (image-spec 1.1,
 * config.md, "rootfs"): clients refuse an image, after they have downloaded it, in which the two do not agree. Their
 * number is compared here; what is left to compare needs the bytes.
 * @throws SignpostError MANIFEST_INVALID
 */
export function planLayerChecks(
  source: string,
  parts: readonly ImagePart[],
): { readonly checks: readonly LayerCheck[]; readonly unchecked: readonly UncheckedLayer[] } {
  const checks: LayerCheck[] = [];
  const unchecked: UncheckedLayer[] = [];
  for (const part of parts) {
    const diffIds = part.config?.diffIds;
    if (diffIds === undefined) continue;
    const { layers } = part.manifest;
    checkNumber(source, part, diffIds);
    for (const [index, layer] of layers.entries()) {
      const diffId = diffIds[index];
      // What is not compressed is its own content, of whatever type.
      if (diffId === undefined || (diffId === layer.digest && !isCompressedType(layer.mediaType))) continue;
      const name = `layers[${index}] of ${nameOf(part)}`;
      if (isLayerType(layer.mediaType)) checks.push({ digest: layer.digest, diffId, name });
      else unchecked.push(describeUnchecked(layer, name));
    }
  }
  return { checks, unchecked };
}

function checkNumber(source: string, part: ImagePart, diffIds: readonly Digest[]): void {
  const { layers, config } = part.manifest;
  if (diffIds.length === layers.length) return;
  const index = Math.min(diffIds.length, layers.length);
  throw new SignpostError(
    'MANIFEST_INVALID',
    `${source}: the manifest of ${nameOf(part)} (${part.descriptor.digest}) names ${layers.length} layers, but its ` +
      `config ${config.digest} has rootfs.diff_ids for ${diffIds.length}: from layers[${index}] on they do not agree. ` +
      `No client could use it: build the image again, or copy it from where it is whole`,
  );
}

function isCompressedType(mediaType: string): boolean {
  return isLayerType(mediaType) && /[+.](?:gzip|zstd)$/.test(mediaType);
}

function describeUnchecked({ digest, mediaType }: Descriptor, name: string): UncheckedLayer {
  const reason = mediaType.endsWith('+encrypted') ? 'it is encrypted' : 'its media type is not known';
  return { digest, mediaType, name, reason };
}
