import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { LayerUnpacker, UnpackOptions } from '../../ports/layer-unpacker.ts';
import type { LayerCheck } from './layer-checks.ts';

/** What came of comparing a layer; `unknown` is compressed in a way that is not read here. */
export type LayerVerdict =
  | { readonly kind: 'right' }
  | { readonly kind: 'unknown'; readonly compression: string }
  | { readonly kind: 'wrong'; readonly detail: string };

/**
 * Unpacks a layer from where it has just been copied to, or has been all the time, and compares it with what each image
 * that has it says.
 * @throws SignpostError CANCELLED, STORAGE
 */
export async function checkLayer(
  unpacker: LayerUnpacker,
  { digest, from }: { readonly digest: Digest; readonly from: 'staging' | RepositoryName },
  checks: readonly LayerCheck[],
  options: UnpackOptions,
): Promise<LayerVerdict> {
  if (checks.length === 0) return { kind: 'right' };
  const layer = await unpacker.unpack(digest, from, options);
  if (layer.kind === 'unknown') return layer;
  const wrong = checks.find(({ diffId }) => layer.kind === 'damaged' || diffId !== layer.diffId);
  if (wrong === undefined) return { kind: 'right' };
  const found = layer.kind === 'damaged' ? layer.reason : `it unpacks to ${layer.diffId}`;
  return {
    kind: 'wrong',
    detail:
      `${wrong.name} (${digest}) is not what the image's config says: ${found}, but rootfs.diff_ids has ` +
      wrong.diffId,
  };
}
