import type { RepositoryName } from '../../oci/reference.ts';
import type { ListedContents, UnknownImage } from '../../ports/listed-content.ts';
import type { Publications } from '../../ports/publications.ts';
import type { GivenSerials, Serials } from '../../ports/serials.ts';
import type { TreeContents } from '../../ports/tree-contents.ts';

export interface RecoveryDeps {
  readonly publications: Publications;
  readonly serials: Serials;
  readonly listed: ListedContents;
  readonly contents: Pick<TreeContents, 'update'>;
}

/** Only so many are told of. */
const toldLimit = 1000;

/** The images that the tree lists and the database does not know: they have to be published again, or leave the mirrors. */
export async function findUnknown({ listed, publications }: RecoveryDeps): Promise<readonly UnknownImage[]> {
  const found: UnknownImage[] = [];
  for await (const image of listed.unknown(await differing({ listed, publications }))) {
    found.push(image);
    if (found.length >= toldLimit) break;
  }
  return found;
}

/**
 * Goes on from `past`, and brings the marker there. Whatever may be different in the database from what others have seen
 * counts as changed by it. The caller holds the content lock.
 * @returns the files that are published and that the tree lacks: when there are any, the marker stays where it was
 */
export async function moveOn(deps: RecoveryDeps, past: GivenSerials): Promise<readonly string[]> {
  await deps.serials.moveOn(past, await differing(deps, past.publication - 1));
  return deps.contents.update(await deps.publications.serials());
}

/**
 * The repositories of which the tree and the database say different things; all of them when the index cannot be read, or
 * when somebody has seen a later publication than the tree, `seen`, since nobody knows what it changed.
 */
async function differing(
  { listed, publications }: Pick<RecoveryDeps, 'listed' | 'publications'>,
  seen = 0,
): Promise<readonly RepositoryName[]> {
  const tree = await listed.read();
  const { repositories } = await publications.serials();
  const all = [...new Set([...(tree.repositories?.keys() ?? []), ...repositories.keys()])];
  if (tree.repositories === undefined || seen > tree.serial) return all;
  const listedSerials = tree.repositories;
  return all.filter((name) => listedSerials.get(name) !== repositories.get(name));
}
