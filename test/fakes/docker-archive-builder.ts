import { gzipSync } from 'node:zlib';
import { digestHex, digestOf } from '../../src/oci/digest.ts';
import type { BuiltImage } from './image-builder.ts';
import type { TarEntry } from './tar-builder.ts';

/**
 * How an archive keeps layers: `<hex>.tar` with links to it as podman and skopeo write, `<id>/layer.tar` with links
 * between repeated layers as old docker did, or `<hex>.tar.gz` as go-containerregistry does.
 */
export type LegacyStyle = 'links' | 'folders' | 'packed';

interface TaggedImage {
  readonly image: BuiltImage;
  readonly tags: readonly string[];
}

/** The entries of what `docker save` wrote before version 25. */
export function legacyEntries(images: readonly TaggedImage[], style: LegacyStyle): readonly TarEntry[] {
  const entries = new Map<string, TarEntry>();
  const add = (entry: TarEntry) => {
    if (!entries.has(entry.path)) entries.set(entry.path, entry);
    return entry.path;
  };
  const manifest = images.map(({ image, tags }) => ({
    Config: add({ path: configName(image, style), content: image.config }),
    RepoTags: tags,
    Layers: layerEntries(image, style).map((layer) => {
      for (const entry of layer) add(entry);
      return layer.at(-1)?.path;
    }),
  }));
  return [...entries.values(), { path: 'manifest.json', content: JSON.stringify(manifest) }];
}

function configName(image: BuiltImage, style: LegacyStyle): string {
  const hex = digestHex(digestOf(image.config));
  return style === 'packed' ? `sha256:${hex}` : `${hex}.json`;
}

/** The entries of each layer; the last one is what manifest.json names. */
function layerEntries(image: BuiltImage, style: LegacyStyle): readonly (readonly TarEntry[])[] {
  const firstOf = new Map<string, string>();
  return image.tars.map((tar, index) => {
    const hex = digestHex(digestOf(tar));
    if (style === 'packed') return [{ path: `${hex}.tar.gz`, content: gzipSync(tar) }];
    const id = digestHex(digestOf(`${index} ${hex}`));
    const path = `${id}/layer.tar`;
    const version: TarEntry = { path: `${id}/VERSION`, content: '1.0' };
    if (style === 'links') {
      const link: TarEntry = { path, type: 'SymbolicLink', linkpath: `../${hex}.tar` };
      return [version, link, { path: `${hex}.tar`, content: tar }];
    }
    const folder: TarEntry = { path: `${id}/`, type: 'Directory' };
    const first = firstOf.get(hex);
    if (first !== undefined) {
      return [folder, version, { path, type: 'SymbolicLink', linkpath: `../${first}` }];
    }
    firstOf.set(hex, path);
    return [folder, version, { path, content: tar }];
  });
}
