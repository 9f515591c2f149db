import type { ContentsIndex } from '../tree/contents-index.ts';
import { type PublicationMarker, markerLimit, parsePublicationMarker } from '../tree/publication-marker.ts';
import type { Digest } from '../oci/digest.ts';
import { SignpostError, isSignpostError } from '../oci/errors.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Clock, MonotonicClock } from '../ports/clock.ts';
import type { ContentSource } from '../ports/content-source.ts';
import type { DiskSpace } from '../ports/disk-space.ts';
import type { MirrorFolder, MirrorWriter } from '../ports/mirror-folder.ts';
import type { WantedFile } from '../ports/incoming-file.ts';
import type { Progress } from '../ports/progress.ts';
import { createFetcher } from '../download/fetch-file.ts';
import { type FetchedMarker, fetchMarker, markerPath } from './fetch-marker.ts';
import { StalePartials, isRefusal, removeRefused } from './leftovers.ts';
import { loadIndex } from './load-index.ts';
import { NeededSpace, checkSpace } from './needed-space.ts';
import { refreshTimestamp } from './refresh-timestamp.ts';
import { removeRetired, retireFiles } from './retire-files.ts';
import { RetiredFiles } from './retired-files.ts';
import { createSlots } from '../parallel/slots.ts';
import { SourcePool } from '../download/source-pool.ts';
import { finishedList, listsFolder, partialFolder, unfinishedList } from './state-folder.ts';
import { type ListDeps, type OwnedList, syncLists } from './sync-list.ts';
import { SyncCounts, type SyncReport } from './sync-report.ts';
import { hasRoom } from './sync-space.ts';
import { createThrottle } from '../download/throttle.ts';

export interface SyncDeps {
  readonly folder: MirrorFolder;
  readonly writer: MirrorWriter;
  readonly disk: DiskSpace;
  /** The origin, which says what is published, and mirrors, which may have it as well. */
  readonly origin: ContentSource;
  readonly mirrors: readonly ContentSource[];
  readonly clock: Clock & MonotonicClock;
  readonly progress: Progress;
}

export interface SyncOptions {
  readonly carries: (name: RepositoryName) => boolean;
  /** Files at once. */
  readonly parallel: number;
  /** Bytes a second. */
  readonly bandwidth?: number | undefined;
  /** How long a file stays after no list names it any more, in milliseconds. */
  readonly grace: number;
  readonly dryRun: boolean;
  /** Hash everything that is there again. */
  readonly thorough: boolean;
  readonly signal: AbortSignal;
}

/** How often a run begins again because the origin has published meanwhile. */
const roundsLimit = 4;

/**
 * Brings a mirror's copy up to date: the lists of what has changed, their files if there is room for them, and the marker of the origin as it was
 * at the start, last of all; then what is no longer named goes. Stopped at any moment, the old marker still says no more
 * than what is there.
 * @throws SignpostError UNAVAILABLE, SOURCE_INVALID, DIGEST_MISMATCH, ROLLBACK, STORAGE, CANCELLED
 */
export async function syncTree(deps: SyncDeps, options: SyncOptions): Promise<SyncReport> {
  const counts = new SyncCounts();
  const sources = new SourcePool([deps.origin, ...deps.mirrors]);
  for (let round = 1; ; round += 1) {
    const marker = await fetchMarker(deps.origin, options.signal);
    try {
      await syncTo(deps, options, sources, marker, counts);
      return counts.report(marker.serial, sources);
    } catch (error) {
      if (options.signal.aborted) throw new SignpostError('CANCELLED', 'stopped', { cause: error });
      if (isRefusal(error) || isSignpostError(error, 'STORAGE')) {
        const inUse = await readMarker(deps.folder).catch(() => undefined);
        await removeRefused(deps.folder, marker.contents.digest, inUse?.contents.digest);
      }
      const mayHaveMoved = isSignpostError(error, 'UNAVAILABLE') || isSignpostError(error, 'DIGEST_MISMATCH');
      if (!mayHaveMoved || round === roundsLimit || !(await hasMoved(deps, options, marker))) throw error;
      for (const pooled of sources.all) pooled.strikes = 0;
    }
  }
}

async function hasMoved(
  { origin }: SyncDeps,
  { signal }: SyncOptions,
  used: FetchedMarker,
): Promise<boolean> {
  try {
    return (await fetchMarker(origin, signal)).contents.digest !== used.contents.digest;
  } catch {
    return false;
  }
}

async function syncTo(
  deps: SyncDeps,
  options: SyncOptions,
  sources: SourcePool,
  marker: FetchedMarker,
  counts: SyncCounts,
): Promise<void> {
  const { folder, writer, progress, clock } = deps;
  const before = await readMarker(folder);
  checkForward(before, marker, deps.origin.name);
  const halt = new AbortController();
  const stop = AbortSignal.any([options.signal, halt.signal]);
  const failures: unknown[] = [];
  const throttle = options.bandwidth === undefined ? undefined : createThrottle(options.bandwidth, clock);
  const advance = (bytes: number) => {
    counts.bytes += bytes;
    progress.advance(label, bytes);
  };
  const fetchOne = createFetcher({ writer, sources, throttle, advance, stop, clock });
  const fetchCounted = async (file: WantedFile) => {
    const how = await fetchOne(file);
    counts[how] += 1;
    if (how === 'linked') progress.advance(label, file.size);
    return how;
  };
  const failed = (error: unknown) => {
    failures.push(error);
    const isFatal = isSignpostError(error, 'STORAGE') || sources.isEmpty();
    if (isFatal || failures.length >= failuresLimit) halt.abort();
  };
  const index = await loadIndex({ ...deps, fetch: fetchCounted }, marker);
  const retired = await RetiredFiles.load(folder);
  const slots = createSlots(options.parallel);
  const expect = ({ size }: WantedFile) => progress.start(label, counts.expect(size));
  const lists: ListDeps = {
    folder,
    writer,
    fetch: fetchCounted,
    slots,
    stop,
    dryRun: false,
    thorough: options.thorough,
    named: (path) => retired.keep(path),
    missing: expect,
    failed,
  };
  progress.start(label, 0);
  const work = await changedLists(deps, options, index, retired);
  counts.repositories = work.length;
  await checkListSpace(deps, work);
  const needed = new NeededSpace(deps.disk);
  const stale = await StalePartials.load(folder);
  let isUnknown = false;
  const look: ListDeps = {
    ...lists,
    dryRun: true,
    // To hash everything twice would take hours: what is damaged is not counted then.
    thorough: options.thorough && options.dryRun,
    missing: (file) => {
      needed.add(file);
      stale.keep(file);
      if (options.dryRun) expect(file);
    },
    failed: (error) => {
      // What cannot be had is met again when it is fetched.
      if (options.dryRun || isRefusal(error)) failed(error);
      isUnknown = true;
    },
  };
  await syncLists(look, work, options.parallel);
  const space = async () => ({ needed: needed.bytes, free: await deps.disk.free() });
  counts.space = await space();
  if (!options.dryRun && failures.length === 0) {
    // What a list that could not be had may name stays as long as there is room.
    if (!isUnknown || !hasRoom(counts.space)) await stale.remove();
    checkSpace(await space(), 'nothing but lists has been fetched');
    await syncLists(lists, work, options.parallel);
  }
  // Also what came before something failed stays.
  await writer.settle();
  if (failures.length > 0) throw worst(failures);
  if (options.signal.aborted) throw new SignpostError('CANCELLED', 'stopped');
  progress.finish(label);
  if (options.dryRun) return;
  if (index.metadata !== undefined) await refreshTimestamp(deps, stop);
  await retireFiles(deps, retired, before, { marker, index, carries: options.carries });
  await retired.save(writer);
  if (before === undefined || !Buffer.from(before.bytes).equals(marker.bytes)) {
    await writer.place(markerPath, marker.bytes);
  }
  counts.removed += await removeRetired(deps, retired, options.grace);
  // Everything is complete: what is half there is of files that are named no more.
  for (const part of [partialFolder, listsFolder]) {
    for (const name of await folder.names(part)) await folder.remove(`${part}/${name}`);
  }
}

/** What the lists themselves take that are not here yet: an index may say of each what it likes. */
async function checkListSpace({ folder, disk }: SyncDeps, lists: readonly OwnedList[]): Promise<void> {
  const needed = new NeededSpace(disk);
  for (const [, list] of lists) {
    const file = { path: unfinishedList(list.digest), ...list };
    const isHere =
      (await folder.holds({ ...list, path: finishedList(list.digest) }, false)) ||
      (await folder.holds(file, false));
    if (!isHere) needed.add(file);
  }
  checkSpace({ needed: needed.bytes, free: await disk.free() }, 'nothing but their index has been fetched');
}

const label = 'copying';
/** After so many files that could not be had, more of the same would tell nothing new. */
const failuresLimit = 20;

async function readMarker(folder: MirrorFolder): Promise<FetchedMarker | undefined> {
  const bytes = await folder.read(markerPath, markerLimit);
  const marker = bytes && parsePublicationMarker(bytes);
  return bytes === undefined || marker === undefined || 'wrong' in marker ? undefined : { ...marker, bytes };
}

// An origin that was put back to an old state, or a stranger in its place: clients would be told to look here for less.
function checkForward(before: PublicationMarker | undefined, next: PublicationMarker, origin: string): void {
  if (before === undefined || before.serial <= next.serial) return;
  throw new SignpostError(
    'ROLLBACK',
    `${origin} is at serial ${next.serial}, but this copy is at ${before.serial} already: the origin was restored from ` +
      `an older backup; if that is meant, remove ${markerPath} here and run this again`,
  );
}

/** The lists some of whose files may not be here yet. */
async function changedLists(
  { folder }: SyncDeps,
  { carries, thorough }: SyncOptions,
  { metadata, repositories }: ContentsIndex,
  retired: RetiredFiles,
): Promise<readonly OwnedList[]> {
  const present = thorough ? new Set<string>() : await folder.names('contents');
  // What was retired with a repository that is carried again has to be named again, before it is removed.
  const isFinished = (digest: Digest) => present.has(digest) && !retired.has(finishedList(digest));
  const all: OwnedList[] = [];
  if (metadata !== undefined && !isFinished(metadata.digest)) all.push(['metadata', metadata]);
  for (const [name, { digest, size }] of repositories) {
    if (carries(name) && !isFinished(digest)) all.push([name, { digest, size }]);
  }
  return all;
}

/** What is worth telling of many failures: a disk that is full before a file that is missing. */
function worst(failures: readonly unknown[]): unknown {
  const first = failures.find((error) => isSignpostError(error, 'STORAGE')) ?? failures[0];
  const others = failures.filter((error) => !isSignpostError(error, 'CANCELLED')).length - 1;
  if (!isSignpostError(first) || others < 1) return first;
  return new SignpostError(first.code, `${first.message} (and ${others} more files)`, { cause: first });
}
