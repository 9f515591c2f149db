import { type Digest, digestHex } from '../../oci/digest.ts';
import { type RegistryHost, formatTaggedReference } from '../../oci/reference.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import type { JudgedMetadata, MetadataSet } from './accept-metadata.ts';
import type { ImageRefusal } from './image-refusal.ts';
import type { VerifiedImage } from './judge-image.ts';

export interface SettledMetadata {
  readonly sets: readonly MetadataSet[];
  /** Images whose repositories demand metadata that does not stand, by their references. */
  readonly refusals: ReadonlyMap<string, ImageRefusal>;
}

/**
 * Which metadata stands once `images` are published: what names another list than a published tag does not. Where a
 * repository demands metadata, an image that it does not name is refused; then its tag stays what it was, and other
 * metadata may fall in turn.
 */
export function settleMetadata(
  registry: RegistryHost,
  { sets, published }: JudgedMetadata,
  images: readonly Pick<VerifiedImage, 'image' | 'reference' | 'rule'>[],
): SettledMetadata {
  const after = new Map(published);
  for (const { image } of images) after.set(formatTaggedReference(image), image.list);
  const standing = sets.map((set) => refuseForeign(set, after));
  const refusals = new Map<string, ImageRefusal>();
  for (const item of images) {
    const refusal = findUnnamed(registry, standing, item);
    if (refusal !== undefined) refusals.set(item.reference, refusal);
  }
  return { sets: standing, refusals };
}

function refuseForeign(set: MetadataSet, after: ReadonlyMap<string, Digest>): MetadataSet {
  if ('refused' in set) return set;
  const { verified: _, tags, ...rest } = set;
  for (const [name, { sha256 }] of tags) {
    const list = after.get(name);
    // A tag that was signed and never published names nothing that anybody could pull: it does no harm.
    if (list === undefined || digestHex(list) === sha256) continue;
    return {
      ...rest,
      refused:
        `the metadata says that ${name} is sha256:${sha256}, but ${list} is published: sign a new request ` +
        'that has this tag, or accept the bundle again once the image is published',
    };
  }
  return set;
}

function findUnnamed(
  registry: RegistryHost,
  standing: readonly MetadataSet[],
  { image, rule }: Pick<VerifiedImage, 'image' | 'rule'>,
): ImageRefusal | undefined {
  const name = formatTaggedReference(image);
  for (const format of rule.metadata) {
    const wanted = format === 'tuf' ? undefined : `${registry}/${image.repository}`;
    const set = standing.find((one) => one.format === format && one.collection === wanted);
    if (set === undefined) return refuse(format, 'the bundle brings none for this repository');
    if ('refused' in set) return refuse(format, `what the bundle brings is refused: ${set.refused}`);
    // What stands and names the tag names the list that will be published.
    if (!set.tags.has(name)) return refuse(format, `what the bundle brings does not name ${name}`);
  }
  return undefined;
}

function refuse(format: MetadataFormat, detail: string): ImageRefusal {
  return { kind: 'not-named', format, detail };
}
