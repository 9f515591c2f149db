import { type ContentsIndex, indexLimit, parseContentsIndex } from '../tree/contents-index.ts';
import type { PublicationMarker } from '../tree/publication-marker.ts';
import type { Digest } from '../oci/digest.ts';
import { isSignpostError } from '../oci/errors.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Clock } from '../ports/clock.ts';
import type { MirrorFolder, MirrorWriter } from '../ports/mirror-folder.ts';
import { diffLists } from './diff-lists.ts';
import type { RetiredFiles } from './retired-files.ts';
import { finishedList } from './state-folder.ts';

interface RetireDeps {
  readonly folder: Pick<MirrorFolder, 'read' | 'lines' | 'names' | 'remove'>;
  readonly writer: Pick<MirrorWriter, 'place'>;
  readonly clock: Clock;
}

/**
 * Notes what the lists of the old marker name and those of the new one do not: the lists themselves are all that has to
 * be compared, not the folders.
 */
export async function retireFiles(
  deps: RetireDeps,
  retired: RetiredFiles,
  before: PublicationMarker | undefined,
  next: {
    readonly marker: PublicationMarker;
    readonly index: ContentsIndex;
    readonly carries: (name: RepositoryName) => boolean;
  },
): Promise<void> {
  const now = deps.clock.now();
  const { marker, index, carries } = next;
  const old = before && (await readOldIndex(deps.folder, before));
  const held = await deps.folder.names('contents');
  const kept = new Set<string>([marker.contents.digest]);
  if (index.metadata !== undefined) kept.add(index.metadata.digest);
  for (const [name, { digest }] of index.repositories) if (carries(name)) kept.add(digest);
  for (const name of held) if (!kept.has(name)) retired.retire(`contents/${name}`, now);
  for (const name of kept) retired.keep(`contents/${name}`);
  if (old === undefined) return;

  const compare = async (from: Digest | undefined, to: Digest | undefined) => {
    if (from === undefined || from === to || !held.has(from)) return;
    const lines = (digest: Digest | undefined) =>
      digest === undefined ? none() : deps.folder.lines(finishedList(digest));
    for await (const { path, what } of diffLists(lines(from), lines(to))) {
      if (what === 'gone') retired.retire(path, now);
      else retired.keep(path);
    }
  };
  await compare(old.metadata?.digest, index.metadata?.digest);
  for (const [name, { digest }] of old.repositories) {
    await compare(digest, carries(name) ? index.repositories.get(name)?.digest : undefined);
  }
}

/** Removes what has been retired for long enough. Returns how many files that were. */
export async function removeRetired(
  { folder, writer, clock }: RetireDeps,
  retired: RetiredFiles,
  grace: number,
): Promise<number> {
  const due = retired.due(clock.now(), grace);
  for (const path of due) {
    await folder.remove(path);
    retired.keep(path);
  }
  await retired.save(writer);
  return due.length;
}

async function readOldIndex(
  folder: Pick<MirrorFolder, 'read'>,
  { contents }: PublicationMarker,
): Promise<ContentsIndex | undefined> {
  const bytes = await folder.read(finishedList(contents.digest), indexLimit);
  try {
    return bytes && parseContentsIndex(bytes);
  } catch (error) {
    if (isSignpostError(error, 'SOURCE_INVALID')) return undefined;
    throw error;
  }
}

async function* none(): AsyncGenerator<string> {}
