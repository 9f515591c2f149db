import { type Digest, digestMatches } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { type RegistryHost, type RepositoryName, isTagName } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import type { TreeReader } from '../../ports/tree.ts';
import type { VerifiedImage } from './verify-image.ts';

export interface CurrentTagsDeps {
  readonly registry: RegistryHost;
  readonly publications: Pick<Publications, 'findTag'>;
  readonly treeReader: Pick<TreeReader, 'readManifest'>;
}

/** Whether a tag, as `host/repository:tag`, leads to a digest of a repository. */
export type IsCurrent = (repository: RepositoryName, digest: Digest, reference: string) => Promise<boolean>;

/** Where tags lead once `images` are published: to a list, and to the manifests that it names. */
export function createCurrentTags(
  { registry, publications, treeReader }: CurrentTagsDeps,
  images: readonly VerifiedImage[],
): IsCurrent {
  const coming = new Map(
    images.map(({ reference, contents }) => [reference, new Set(contents.map((item) => item.digest))]),
  );
  const known = new Map<string, ReadonlySet<Digest> | undefined>();

  async function contentsOf(
    repository: RepositoryName,
    list: Digest,
  ): Promise<ReadonlySet<Digest> | undefined> {
    const key = `${repository}@${list}`;
    if (!known.has(key)) known.set(key, await readContents(treeReader, repository, list));
    return known.get(key);
  }

  return async (repository, digest, reference) => {
    const next = coming.get(reference);
    if (next !== undefined) return next.has(digest);
    const prefix = `${registry}/${repository}:`;
    const tag = reference.startsWith(prefix) ? reference.slice(prefix.length) : '';
    const list = isTagName(tag) ? (await publications.findTag(repository, tag))?.list : undefined;
    if (list === undefined) return false;
    if (list === digest) return true;
    // Of a list that cannot be read nobody knows what it names.
    return (await contentsOf(repository, list))?.has(digest) ?? true;
  };
}

async function readContents(
  treeReader: Pick<TreeReader, 'readManifest'>,
  repository: RepositoryName,
  list: Digest,
): Promise<ReadonlySet<Digest> | undefined> {
  try {
    const bytes = await treeReader.readManifest(repository, list);
    if (!digestMatches(list, bytes)) return undefined;
    const manifest = parseManifest(bytes);
    return new Set(manifest.kind === 'list' ? manifest.manifests.map(({ digest }) => digest) : []);
  } catch (error) {
    if (isSignpostError(error, 'NOT_FOUND') || isSignpostError(error, 'MANIFEST_INVALID')) return undefined;
    throw error;
  }
}
