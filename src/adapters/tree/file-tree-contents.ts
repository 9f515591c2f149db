import { type ContentsIndex, formatContentsIndex } from '../../tree/contents-index.ts';
import { type ListOwner, formatListHead } from '../../tree/contents-list.ts';
import { type ContentsReference, formatPublicationMarker } from '../../tree/publication-marker.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TreeContents } from '../../ports/tree-contents.ts';
import { statIfThere, writeFileAtomic } from '../files/atomic-file.ts';
import { contentsPath, markerPath } from './tree-paths.ts';
import { checkContents } from './check-contents.ts';
import { createFileTreeLists } from './file-tree-lists.ts';
import { listHosts, listMetadata, listRepository } from './list-repository.ts';
import { placeReferrers } from './place-referrers.ts';
import { placeTypes } from './place-types.ts';
import { readIndex } from './read-index.ts';
import { type Published, readPublished } from './read-published.ts';
import { retireLists } from './retire-lists.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

/** Each repository's list is a few files to look at and one to write: the disk is what is waited for. */
const listsAtOnce = 8;

/** The contents lists of the tree in the folder `tree`. */
export function createFileTreeContents(tree: string, published: Published, clock: Clock): TreeContents {
  const own = createFileTreeLists(tree);

  const writeList = async (owner: ListOwner, lines: readonly string[]): Promise<ContentsReference> =>
    write(tree, Buffer.from(`${[formatListHead(owner), ...lines].join('\n')}\n`));

  const listOf = (hosts: readonly string[], missing: string[]) => async (repository: RepositoryName) => {
    const content = await readPublished(published, repository);
    await placeReferrers(tree, repository, content.manifests);
    await placeTypes(tree, repository, content.manifests);
    const found = await listRepository(tree, repository, content, hosts);
    missing.push(...found.missing);
    return writeList(repository, found.lines);
  };

  return {
    readMarker: () => own.readMarker(),

    async update({ serial, repositories }, rewrite) {
      const marker = await own.readMarker();
      const known = marker && (await readIndex(tree, marker.contents));
      const old = rewrite === 'everything' ? undefined : known;
      const again = rewrite === 'everything' ? undefined : rewrite;
      const hosts = listHosts(tree);
      const lists = new Map<RepositoryName, ContentsReference>();
      for (const [name, { digest, size, serial: listed }] of old?.repositories ?? []) {
        const isSame = listed === repositories.get(name) && again?.repositories.has(name) !== true;
        if (isSame) lists.set(name, { digest, size });
      }
      const changed = [...repositories.keys()].filter((name) => !lists.has(name));
      const missing: string[] = [];
      const list = listOf(hosts, missing);
      await inParallel(changed, listsAtOnce, async (name) => lists.set(name, await list(name)));
      if (missing.length > 0) return missing;
      const keep = old !== undefined && again?.metadata !== true;
      const metadata = keep ? old.metadata : await listTuf(tree, writeList);
      const index: ContentsIndex = {
        serial,
        ...(metadata === undefined ? {} : { metadata }),
        repositories: new Map(
          [...repositories.keys()].sort().flatMap((name) => {
            const reference = lists.get(name);
            return reference === undefined
              ? []
              : [[name, { serial: repositories.get(name) ?? 0, ...reference }] as const];
          }),
        ),
      };
      const contents = await write(tree, formatContentsIndex(index));
      await writeFileAtomic(markerPath(tree), formatPublicationMarker({ serial, contents }), 'everyone');
      await retireLists(tree, marker && { ...marker, index: known }, { contents, index }, clock);
      return [];
    },

    async *check(signal) {
      const marker = await own.readMarker();
      if (marker !== undefined) yield* checkContents(tree, published, marker, signal);
    },
  };
}

async function listTuf(
  tree: string,
  writeList: (owner: ListOwner, lines: readonly string[]) => Promise<ContentsReference>,
): Promise<ContentsReference | undefined> {
  const lines = await listMetadata(tree);
  return lines.length === 0 ? undefined : writeList('metadata', lines);
}

/** A file that is named for its bytes is written once. */
async function write(tree: string, bytes: Uint8Array): Promise<ContentsReference> {
  const digest: Digest = digestOf(bytes);
  const path = contentsPath(tree, digest);
  if (statIfThere(path)?.size !== bytes.length) await writeFileAtomic(path, bytes, 'everyone');
  return { digest, size: bytes.length };
}
