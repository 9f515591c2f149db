import { quote } from '../../oci/digest.ts';
import type { Descriptor } from '../../oci/descriptor.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type ManifestList, blobsOf, parseManifest } from '../../oci/manifest.ts';
import { type Platform, formatPlatform, platformMatches } from '../../oci/platform.ts';
import type { TaggedReference } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { chooseFromList } from '../../server/pull/choose-from-list.ts';

/** A blob that stands for all that a tag leads to, and how it was come by. */
export interface BlobOfTag {
  readonly digest: Descriptor['digest'];
  readonly note: string;
}

/**
 * The largest blob of a tag's image: for `platform`, or for who says none.
 * @throws SignpostError NOT_FOUND, MANIFEST_INVALID, STORAGE
 */
export async function findBlobOfTag(
  {
    publications,
    tree,
  }: {
    readonly publications: Pick<Publications, 'findTag'>;
    readonly tree: Pick<TreeReader, 'readManifest'>;
  },
  { repository, tag }: TaggedReference,
  platform: Platform | undefined,
): Promise<BlobOfTag> {
  const found = await publications.findTag(repository, tag);
  if (found === undefined) {
    throw new SignpostError(
      'NOT_FOUND',
      `${repository} has no tag ${quote(tag)}: nothing is published under it`,
    );
  }
  const list = parseManifest(await tree.readManifest(repository, found.list));
  const entry = list.kind === 'list' ? chooseEntry(list, platform) : undefined;
  const image =
    list.kind === 'image' ? list : entry && parseManifest(await tree.readManifest(repository, entry.digest));
  if (image?.kind !== 'image') {
    const wanted = platform === undefined ? 'linux/amd64' : formatPlatform(platform);
    throw new SignpostError(
      'NOT_FOUND',
      `${repository}:${tag} has no image for ${wanted}: name another with --platform`,
    );
  }
  const largest = blobsOf(image).reduce((one, other) => (other.size > one.size ? other : one), image.config);
  const named = entry?.platform === undefined ? '' : ` for ${formatPlatform(entry.platform)}`;
  const note = `${repository}:${tag} is ${found.list}; its largest blob${named} is ${largest.digest} (${largest.size} bytes)`;
  return { digest: largest.digest, note };
}

function chooseEntry(list: ManifestList, platform: Platform | undefined): Descriptor | undefined {
  if (platform === undefined) return chooseFromList(list, undefined, () => true);
  return list.manifests.find(
    (entry) => entry.platform !== undefined && platformMatches(platform, entry.platform),
  );
}
