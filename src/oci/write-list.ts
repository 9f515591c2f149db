import { type Descriptor, parseObject } from './descriptor.ts';
import type { ImageManifest, ListEntry } from './manifest.ts';
import { mediaTypes } from './media-types.ts';
import { parseJson } from './parse-json.ts';
import type { Platform } from './platform.ts';

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

/**
 * A new list like `list` with other entries. They are written as their own lists have them; a platform that was not
 * said there is added, since clients look for it in the list.
 */
export function makeList(
  list: Uint8Array,
  entries: readonly Pick<ListEntry, 'descriptor' | 'written'>[],
): Uint8Array {
  const object = parseObject(parseJson(list, 'the list', 'MANIFEST_INVALID'), 'the list');
  return Buffer.from(JSON.stringify({ ...object, manifests: entries.map(writeEntry) }));
}

function writeEntry({ descriptor, written }: Pick<ListEntry, 'descriptor' | 'written'>): unknown {
  const { platform } = descriptor;
  if (platform === undefined || isSaid(written)) return written;
  return { ...(written as object), platform: writePlatform(platform) };
}

function isSaid(written: unknown): boolean {
  const platform = (written as { readonly platform?: Partial<Platform> | null }).platform;
  return Boolean(platform?.os) && Boolean(platform?.architecture);
}

// image-spec 1.1, image-index.md, "platform".
function writePlatform({ os, architecture, variant, osVersion, osFeatures }: Platform) {
  return {
    architecture,
    os,
    ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
    ...(osFeatures === undefined ? {} : { 'os.features': osFeatures }),
    ...(variant === undefined ? {} : { variant }),
  };
}
