import { createHash } from 'node:crypto';
import { buildImage, buildList, writeLayout } from '../../fakes/image-builder.ts';
import type { WorkFolder } from './work-folder.ts';

/** An image of several layers, each of other bytes than those of all other images. */
export interface NoisyImage {
  readonly layout: string;
  /** The digests of the layers. */
  readonly layers: readonly string[];
  readonly config: string;
}

/** Layers that are large enough to be redirected, of bytes that no compression makes smaller. */
export async function buildNoisyImage(
  work: WorkFolder,
  name: string,
  { layers, size }: { readonly layers: number; readonly size: number },
): Promise<NoisyImage> {
  const image = buildImage({
    layers: Array.from({ length: layers }, (_, index) => ({ data: noise(`${name} ${index}`, size) })),
  });
  const layout = work.folder(`layout-${name.replaceAll(/[^a-z0-9.]/g, '-')}`);
  await writeLayout(layout, buildList([image]));
  const manifest = JSON.parse(image.manifest.toString('utf8')) as {
    config: { digest: string };
    layers: { digest: string }[];
  };
  return { layout, layers: manifest.layers.map(({ digest }) => digest), config: manifest.config.digest };
}

/** The same bytes for the same seed, and never two alike. */
export function noise(seed: string, size: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(size / 32) }, (_, index) =>
    createHash('sha256').update(`${seed} ${index}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, size);
}
