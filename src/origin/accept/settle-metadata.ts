import { type Digest, digestHex } from '../../oci/digest.ts';
import {
  type RegistryHost,
  type RepositoryName,
  type TagName,
  formatTaggedReference,
} from '../../oci/reference.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import type { JudgedMetadata } from './accept-metadata.ts';
import type { ImageRefusal } from './image-refusal.ts';
import type { VerifiedImage } from './verify-image.ts';
import type { NamedTag } from './verified-files.ts';

/** The list that a tag names now; undefined when it is not published. */
export type FindList = (repository: RepositoryName, tag: TagName) => Promise<Digest | undefined>;

export interface SettledMetadata {
  readonly judged: readonly JudgedMetadata[];
  /** Images whose repositories demand metadata that does not stand. */
  readonly refusals: ReadonlyMap<VerifiedImage, ImageRefusal>;
}

/**
 * Which metadata stands once `images` are published: what names another list than a published tag does not. Where a
 * repository demands metadata, an image that it does not name is refused; then its tag stays what it was, and other
 * metadata may fall in turn.
 * @throws SignpostError STORAGE
 */
export async function settleMetadata(
  registry: RegistryHost,
  judged: readonly JudgedMetadata[],
  images: readonly VerifiedImage[],
  findList: FindList,
): Promise<SettledMetadata> {
  const named = judged.map((set) => indexTags(set));
  const published = await readPublished(named, findList);
  const refusals = new Map<VerifiedImage, ImageRefusal>();
  for (;;) {
    const after = new Map(published);
    const rest = images.filter((image) => !refusals.has(image));
    for (const { image } of rest) after.set(formatTaggedReference(image), image.list);
    const standing = judged.map((set, index) => refuseForeign(set, named[index] ?? new Map(), after));
    let fell = false;
    for (const image of rest) {
      const refusal = findUnnamed(registry, standing, named, image);
      if (refusal === undefined) continue;
      refusals.set(image, refusal);
      fell = true;
    }
    if (!fell) return { judged: standing, refusals };
  }
}

type NamedTags = ReadonlyMap<string, NamedTag>;

function indexTags(set: JudgedMetadata): NamedTags {
  const tags = 'verified' in set ? set.verified.tags : [];
  return new Map(tags.map((tag) => [formatTaggedReference(tag), tag]));
}

async function readPublished(
  named: readonly NamedTags[],
  findList: FindList,
): Promise<ReadonlyMap<string, Digest>> {
  const published = new Map<string, Digest>();
  for (const tags of named) {
    for (const [name, { repository, tag }] of tags) {
      const list = published.has(name) ? undefined : await findList(repository, tag);
      if (list !== undefined) published.set(name, list);
    }
  }
  return published;
}

function refuseForeign(
  set: JudgedMetadata,
  tags: NamedTags,
  after: ReadonlyMap<string, Digest>,
): JudgedMetadata {
  if ('refused' in set) return set;
  for (const [name, { sha256 }] of tags) {
    const list = after.get(name);
    // A tag that was signed and never published names nothing that anybody could pull: it does no harm.
    if (list === undefined || digestHex(list) === sha256) continue;
    const { verified: _, ...rest } = set;
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
  standing: readonly JudgedMetadata[],
  named: readonly NamedTags[],
  { image, rule }: VerifiedImage,
): ImageRefusal | undefined {
  const name = formatTaggedReference(image);
  for (const format of rule.metadata) {
    const wanted = format === 'tuf' ? undefined : `${registry}/${image.repository}`;
    const index = standing.findIndex((set) => set.format === format && set.collection === wanted);
    const set = standing[index];
    if (set === undefined) return refuse(format, 'the bundle brings none for this repository');
    if ('refused' in set) return refuse(format, `what the bundle brings is refused: ${set.refused}`);
    // What stands and names the tag names the list that will be published.
    if (named[index]?.has(name) !== true)
      return refuse(format, `what the bundle brings does not name ${name}`);
  }
  return undefined;
}

function refuse(format: MetadataFormat, detail: string): ImageRefusal {
  return { kind: 'not-named', format, detail };
}
