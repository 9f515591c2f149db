import type { Descriptor } from '../../oci/descriptor.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { ImageManifest } from '../../oci/manifest.ts';

// image-spec 1.1, layer.md, "Non-Distributable Layers" (deprecated), and Docker schema 2's foreign layers.
const foreignPattern =
  /^application\/vnd\.(?:oci\.image\.layer\.nondistributable\.v1\.|docker\.image\.rootfs\.foreign\.)/;

/**
 * Refuses layers that may not be given away, and blobs that name download addresses of their own: some clients would
 * go there instead of to a mirror, which nobody could see or change, since the manifest is signed.
 * @throws SignpostError MANIFEST_INVALID
 */
export function checkDistributable(name: string, manifest: ImageManifest): void {
  check(`the config of ${name}`, manifest.config);
  for (const [index, layer] of manifest.layers.entries()) check(`layers[${index}] of ${name}`, layer);
}

function check(where: string, { mediaType, urls, digest }: Descriptor): void {
  if (foreignPattern.test(mediaType)) {
    throw new SignpostError(
      'MANIFEST_INVALID',
      `${where} (${digest}) is a foreign layer, which only its owner may distribute: ` +
        `publish the other platforms with --platform, or build the image without it`,
    );
  }
  if (urls !== undefined && urls.length > 0) {
    throw new SignpostError(
      'MANIFEST_INVALID',
      `${where} (${digest}) names download addresses of its own ("urls"), to which some clients would go instead of ` +
        `to a mirror: build the image without them`,
    );
  }
}
