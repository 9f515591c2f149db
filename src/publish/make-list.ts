import type { Descriptor } from '../oci/descriptor.ts';
import { parseObject } from '../oci/descriptor.ts';
import { SignpostError } from '../oci/errors.ts';
import { type ImageManifest, manifestLimit } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { parseJson } from '../oci/parse-json.ts';
import type { Platform } from '../oci/platform.ts';

/**
 * A list of one around a manifest that came alone, so that what is signed is always a list: an OCI index around an
 * OCI manifest, a Docker manifest list around a Docker one. The same manifest always gives the same bytes.
 */
export function wrapManifest(
  manifest: ImageManifest,
  descriptor: Pick<Descriptor, 'digest' | 'size'>,
  platform: Platform | undefined,
): Uint8Array {
  const list = {
    schemaVersion: 2,
    mediaType: manifest.mediaType === mediaTypes.dockerManifest ? mediaTypes.dockerList : mediaTypes.ociIndex,
    manifests: [
      {
        mediaType: manifest.mediaType,
        digest: descriptor.digest,
        size: descriptor.size,
        ...(manifest.artifactType === undefined ? {} : { artifactType: manifest.artifactType }),
        ...(platform === undefined ? {} : { platform: writePlatform(platform) }),
      },
    ],
  };
  return Buffer.from(JSON.stringify(list));
}

/** A new list that has only the entries of `list` whose digests are in `chosen`; all else is as it was. */
export function filterList(list: Uint8Array, chosen: ReadonlySet<string>): Uint8Array {
  const object = parseObject(parseJson(list, 'the list', 'MANIFEST_INVALID'), 'the list');
  const entries = object.manifests as readonly { readonly digest: string }[];
  return Buffer.from(
    JSON.stringify({ ...object, manifests: entries.filter(({ digest }) => chosen.has(digest)) }),
  );
}

/**
 * The platform that a config blob names (image-spec 1.1, config.md); undefined for what is no container image.
 * @throws SignpostError MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export function readPlatform(config: Descriptor, bytes: Uint8Array): Platform | undefined {
  if (!isImageConfig(config)) return undefined;
  const { os, architecture, variant, 'os.version': osVersion } = parseConfig(bytes);
  if (typeof os !== 'string' || typeof architecture !== 'string') {
    throw new SignpostError('MANIFEST_INVALID', `config ${config.digest} names no "os" and "architecture"`);
  }
  return {
    os,
    architecture,
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
    ...(typeof osVersion === 'string' && osVersion !== '' ? { osVersion } : {}),
  };
}

/** Whether the config blob of a manifest is that of a container image, and small enough to be read. */
export function isImageConfig({ mediaType, size, digest }: Descriptor): boolean {
  if (mediaType !== mediaTypes.ociConfig && mediaType !== mediaTypes.dockerConfig) return false;
  if (size <= manifestLimit) return true;
  throw new SignpostError('LIMIT_EXCEEDED', `config ${digest} has ${size} bytes: at most ${manifestLimit}`);
}

function parseConfig(bytes: Uint8Array): Record<string, unknown> {
  // Nothing is written again from it, so that a byte which is not UTF-8, as in an author's name, spoils nothing.
  const text = Buffer.from(bytes).toString('utf8');
  return parseObject(parseJson(text, 'the config', 'MANIFEST_INVALID'), 'the config');
}

// image-spec 1.1, image-index.md, "platform".
function writePlatform({ os, architecture, variant, osVersion }: Platform) {
  return {
    architecture,
    os,
    ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
    ...(variant === undefined ? {} : { variant }),
  };
}
