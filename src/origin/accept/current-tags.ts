import { type Digest, digestMatches } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { type RegistryHost, type RepositoryName, isTagName } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import type { TreeReader } from '../../ports/tree.ts';

export interface CurrentTagsDeps {
  readonly registry: RegistryHost;
  readonly publications: Pick<Publications, 'findTag'>;
  readonly treeReader: Pick<TreeReader, 'readManifest'>;
}

/** Whether a published tag, as `host/repository:tag`, leads to a digest: its list, or a manifest that the list names. */
export type IsCurrent = (repository: RepositoryName, digest: Digest, reference: string) => Promise<boolean>;

/** Where published tags lead. Each list is read once. */
export function createCurrentTags({ registry, publications, treeReader }: CurrentTagsDeps): IsCurrent {
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
  treeReader: CurrentTagsDeps['treeReader'],
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
