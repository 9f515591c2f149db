import type { Descriptor } from '../../../oci/descriptor.ts';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { ManifestList } from '../../../oci/manifest.ts';
import { isImageType } from '../../../oci/media-types.ts';
import { sameImageName } from '../archive/image-name.ts';

/** What a layout's reference names: one entry of index.json, or index.json itself. */
export type LayoutRoot =
  { readonly kind: 'index' } | { readonly kind: 'entry'; readonly descriptor: Descriptor };

const shownRefs = 20;

/**
 * Chooses what is copied from a layout (image-spec 1.1, image-layout.md, "index.json"). Without a ref a single entry
 * is taken; index.json itself counts as a manifest list only if it cannot be anything else: every entry is an image
 * with a platform, and no two carry different names.
 * @throws SignpostError NOT_FOUND, SOURCE_INVALID
 */
export function chooseLayoutRoot(index: ManifestList, ref: string | undefined, path: string): LayoutRoot {
  const { manifests } = index;
  const found = ref === undefined ? manifests : manifests.filter((entry) => isNamed(entry, ref));
  const [first] = found;
  if (first === undefined) {
    const reason =
      ref === undefined ? 'index.json names no image' : `index.json names no image ${quote(ref)}`;
    throw new SignpostError('NOT_FOUND', `${path}: ${reason}${listRefs(manifests)}`);
  }
  if (found.every((entry) => entry.digest === first.digest)) return { kind: 'entry', descriptor: first };
  if (found.length === manifests.length && isList(manifests)) return { kind: 'index' };
  throw new SignpostError(
    'SOURCE_INVALID',
    `${path}: index.json has ${found.length} entries ${ref === undefined ? '' : `named ${quote(ref)} `}` +
      `that are different images: name one of them${listRefs(manifests)}`,
  );
}

/** Whether an entry of index.json carries the name `ref`, by the annotation of OCI or the one of containerd. */
export function isNamed({ annotations }: Descriptor, ref: string): boolean {
  const containerdName = annotations?.['io.containerd.image.name'];
  return (
    annotations?.['org.opencontainers.image.ref.name'] === ref ||
    (containerdName !== undefined && sameImageName(containerdName, ref))
  );
}

function isList(manifests: readonly Descriptor[]): boolean {
  const names = new Set(manifests.map(refOf));
  return (
    names.size <= 1 &&
    manifests.every(({ platform, mediaType }) => platform !== undefined && isImageType(mediaType))
  );
}

function listRefs(manifests: readonly Descriptor[]): string {
  const refs = [...new Set(manifests.flatMap((entry) => refOf(entry) ?? []))];
  if (refs.length === 0) return '';
  const more = refs.length > shownRefs ? `, and ${refs.length - shownRefs} more` : '';
  return ` (it has ${refs.slice(0, shownRefs).map(quote).join(', ')}${more})`;
}

function refOf({ annotations }: Descriptor): string | undefined {
  return annotations?.['org.opencontainers.image.ref.name'] ?? annotations?.['io.containerd.image.name'];
}
