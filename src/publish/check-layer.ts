import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { LayerUnpacker, UnpackOptions } from '../ports/layer-unpacker.ts';
import type { LayerCheck } from './layer-checks.ts';

/**
 * Unpacks a layer from where it has just been copied to, or has been all the time, and compares it with what each image
 * that has it says. Returns how it is compressed where that is a way that is not read here: nothing was compared then.
 * @throws SignpostError MANIFEST_INVALID when an image says something else, CANCELLED, STORAGE
 */
export async function checkLayer(
  unpacker: LayerUnpacker,
  source: string,
  { digest, from }: { readonly digest: Digest; readonly from: 'staging' | RepositoryName },
  checks: readonly LayerCheck[],
  options: UnpackOptions,
): Promise<string | undefined> {
  if (checks.length === 0) return undefined;
  const layer = await unpacker.unpack(digest, from, options);
  if (layer.kind === 'unknown') return layer.compression;
  const found = layer.kind === 'damaged' ? layer.reason : `it unpacks to ${layer.diffId}`;
  const wrong = checks.find(({ diffId }) => layer.kind === 'damaged' || diffId !== layer.diffId);
  if (wrong === undefined) return undefined;
  throw new SignpostError(
    'MANIFEST_INVALID',
    `${source}: ${wrong.name} (${digest}) is not what the image's config says: ${found}, but rootfs.diff_ids has ` +
      `${wrong.diffId}. No client could use the image: build it again, or copy it from where it is whole`,
  );
}
