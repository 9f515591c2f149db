import { type ListOwner, formatListHead, parseContentLine } from '../tree/contents-list.ts';
import type { ContentsReference } from '../tree/publication-marker.ts';
import { SignpostError } from '../oci/errors.ts';
import type { MirrorFolder, MirrorWriter } from '../ports/mirror-folder.ts';
import type { WantedFile } from '../ports/incoming-file.ts';
import type { Fetched } from '../download/fetch-file.ts';
import type { Slots } from '../parallel/slots.ts';
import { fetchWhole } from './fetch-whole.ts';
import { finishedList, unfinishedList } from './state-folder.ts';
import { inParallel } from '../parallel/in-parallel.ts';

/** A list, and whose files it names. */
export type OwnedList = readonly [ListOwner, ContentsReference];

export interface ListDeps {
  readonly folder: Pick<MirrorFolder, 'lines' | 'holds' | 'remove'>;
  readonly writer: Pick<MirrorWriter, 'move'>;
  /** Fetches a file, and counts it. */
  readonly fetch: (file: WantedFile) => Promise<Fetched>;
  readonly slots: Slots;
  readonly stop: AbortSignal;
  readonly dryRun: boolean;
  /** Hash what is there again. */
  readonly thorough: boolean;
  /** Told of each file that a list names. */
  readonly named: (path: string) => void;
  /** Told of each file that is not there yet. */
  readonly missing: (file: WantedFile) => void;
  /** Told of each file that could not be had. It sets off `stop` when going on is of no use. */
  readonly failed: (error: unknown) => void;
}

/** The most that may be under way for one list: they are held in memory. */
const queueLimit = 64;

/** Works on so many lists at once. What goes wrong with one of them is told, and the others go on. */
export async function syncLists(
  deps: ListDeps,
  lists: readonly OwnedList[],
  parallel: number,
): Promise<void> {
  await inParallel(lists, parallel, async ([owner, list]) => {
    if (deps.stop.aborted) return;
    try {
      await syncList(deps, owner, list);
    } catch (error) {
      deps.failed(error);
    }
  });
}

/**
 * Fetches all that one contents list names: what is named for its bytes first, then what is replaced under the same name,
 * such as signatures.
 */
async function syncList(deps: ListDeps, owner: ListOwner, list: ContentsReference): Promise<void> {
  const path = unfinishedList(list.digest);
  const finished = finishedList(list.digest);
  const isFinished = await deps.folder.holds({ path: finished, ...list }, deps.thorough);
  const wanted = { path: isFinished ? finished : path, from: finished, ...list, isReadNext: true as const };
  // One that an earlier run has fetched, or a look at what is missing, is hashed again.
  if (!isFinished && !(await deps.folder.holds(wanted, true))) {
    await deps.slots.run(() => fetchWhole(deps, wanted));
  }
  const replaceable: WantedFile[] = [];
  const complete = await fetchAll(deps, filesOf(deps, owner, wanted.path), (file) => {
    if (file.path.includes(`/${file.digest}`)) return true;
    replaceable.push(file);
    return false;
  });
  const rest = await fetchAll(deps, replaceable, () => true);
  if (complete && rest && !isFinished && !deps.dryRun) await deps.writer.move(path, finished);
}

async function* filesOf(deps: ListDeps, owner: ListOwner, path: string): AsyncGenerator<WantedFile> {
  let isHead = true;
  let last = '';
  for await (const line of deps.folder.lines(path)) {
    if (isHead) {
      if (line !== formatListHead(owner)) {
        throw new SignpostError('SOURCE_INVALID', `the contents list ${path} is not that of ${owner}`);
      }
      isHead = false;
      continue;
    }
    const { path: named, from, size, digest } = parseContentLine(line, owner);
    // Sorted, and so none of them twice.
    if (named <= last) {
      throw new SignpostError('SOURCE_INVALID', `the contents list ${path} of ${owner} is not sorted`);
    }
    last = named;
    deps.named(named);
    if (size === undefined || digest === undefined) continue;
    yield from === undefined ? { path: named, size, digest } : { path: named, from, size, digest };
  }
}

async function fetchAll(
  deps: ListDeps,
  files: AsyncIterable<WantedFile> | Iterable<WantedFile>,
  isNow: (file: WantedFile) => boolean,
): Promise<boolean> {
  let complete = true;
  await inParallel(missingOf(deps, files, isNow), queueLimit, async (file) => {
    try {
      await deps.slots.run(() => deps.fetch(file));
    } catch (error) {
      complete = false;
      deps.failed(error);
    }
  });
  return complete;
}

/** The files that have to be fetched; they are looked for one after the other. */
async function* missingOf(
  deps: ListDeps,
  files: AsyncIterable<WantedFile> | Iterable<WantedFile>,
  isNow: (file: WantedFile) => boolean,
): AsyncGenerator<WantedFile> {
  for await (const file of files) {
    if (deps.stop.aborted) throw new SignpostError('CANCELLED', 'stopped');
    if (!isNow(file) || (await deps.folder.holds(file, deps.thorough))) continue;
    deps.missing(file);
    if (!deps.dryRun) yield file;
  }
}
