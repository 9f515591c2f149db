import { createHash } from 'node:crypto';
import { buildImage, buildList, writeLayout } from '../../fakes/image-builder.ts';
import { noise } from './noisy-image.ts';
import type { WorkFolder } from './work-folder.ts';

/** A small image whose layers are all redirected. */
export interface BlobsImage {
  readonly layout: string;
  readonly list: string;
  readonly config: string;
  /** Layers, by their digests. */
  readonly layers: readonly string[];
  /** For each layer: a file that it brings, and its SHA-256 in hexadecimal. */
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

const layerCount = 3;
const layerSize = 1024 * 1024;

/** Builds an image for amd64 of three layers of 1 MiB that no compression makes smaller. */
export async function buildBlobsImage(work: WorkFolder): Promise<BlobsImage> {
  const contents = Array.from({ length: layerCount }, (_, index) => ({
    path: `data-${index}`,
    bytes: noise(`layer ${index}`, layerSize),
  }));
  const image = buildImage({ layers: contents.map(({ path, bytes }) => ({ [path]: bytes })) });
  const list = buildList([image]);
  const layout = work.folder('blobs-layout');
  await writeLayout(layout, list);
  const manifest = JSON.parse(image.manifest.toString('utf8')) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  return {
    layout,
    list: list.digest,
    config: manifest.config.digest,
    layers: manifest.layers.map(({ digest }) => digest),
    files: contents.map(({ path, bytes }) => ({
      path,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    })),
  };
}
