import { printPullPath } from '../../oci/pull-path.ts';
import { formatListHead, type ListOwner } from '../../tree/contents-list.ts';
import type { ContentsReference, PublicationMarker } from '../../tree/publication-marker.ts';
import { digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { statIfThere } from '../files/atomic-file.ts';
import { contentsPath } from './tree-paths.ts';
import { listHosts, listMetadata, listRepository } from './list-repository.ts';
import { findWrongReferrers } from './place-referrers.ts';
import { findMissingTypes } from './place-types.ts';
import { readIndex } from './read-index.ts';
import { type Published, readPublished } from './read-published.ts';

/** Compares the lists with what is in the tree, and the indexes of referrers with what is published. The bytes of the lists themselves are hashed with all other files. */
export async function* checkContents(
  tree: string,
  published: Published,
  { serial, contents }: PublicationMarker,
  signal: AbortSignal,
): AsyncGenerator<{ readonly where: string; readonly what: string }> {
  const index = await readIndex(tree, contents);
  if (index === undefined) {
    yield { where: `tree/contents/${contents.digest}`, what: 'the index of the tree is missing or damaged' };
    return;
  }
  if (index.serial !== serial) {
    yield {
      where: `tree/contents/${contents.digest}`,
      what: `it is of serial ${index.serial}, and publication.json of ${serial}`,
    };
  }
  const hosts = listHosts(tree);
  const isRight = async (owner: ListOwner, list: ContentsReference | undefined, lines: readonly string[]) => {
    if (list === undefined) return lines.length === 0;
    const bytes = Buffer.from(`${[formatListHead(owner), ...lines].join('\n')}\n`);
    return (
      digestOf(bytes) === list.digest && statIfThere(contentsPath(tree, list.digest))?.size === list.size
    );
  };
  if (!(await isRight('metadata', index.metadata, await listMetadata(tree)))) {
    yield { where: 'tree/tuf', what: wrongList };
  }
  for (const [repository, list] of index.repositories) {
    if (signal.aborted) throw new SignpostError('CANCELLED', 'stopped');
    const content = await readPublished(published, repository);
    for (const subject of (await findWrongReferrers(tree, repository, content.manifests)).keys())
      yield { where: `tree/${printPullPath(repository, 'referrers', subject)}`, what: wrongReferrers };
    for (const { path } of findMissingTypes(tree, repository, content.manifests))
      yield { where: `tree/${path}`, what: missingType };
    const { lines } = await listRepository(tree, repository, content, hosts);
    if (!(await isRight(repository, list, lines))) yield { where: `tree/v2/${repository}`, what: wrongList };
  }
}

const wrongReferrers = 'the index of referrers is missing, or does not say what is published';
const missingType = 'the name that tells web servers the type of the manifest is missing';
const wrongList = 'its contents list is missing, or does not say what is there';
