import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Publications } from '../../ports/publications.ts';
import type { Staging } from '../../ports/staging.ts';

/**
 * Where a blob for `repository` comes from; undefined when nobody has it. A staged copy goes first, since it is there
 * when the tree's was damaged; then what the repository has itself, for which there is nothing to do.
 */
export async function findSource(
  deps: { readonly staging: Pick<Staging, 'hasBlob'>; readonly publications: Pick<Publications, 'findBlob'> },
  repository: RepositoryName,
  digest: Digest,
): Promise<RepositoryName | 'staging' | undefined> {
  if (await deps.staging.hasBlob(digest)) return 'staging';
  const { publications } = deps;
  const own = await publications.findBlob(digest, repository);
  return (own ?? (await publications.findBlob(digest)))?.repository;
}
