import type { Digest } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { contentLock, type Lock } from '../../ports/lock.ts';
import type { UnknownImage } from '../../ports/listed-content.ts';
import type { Progress } from '../../ports/progress.ts';
import type { TreeContents } from '../../ports/tree-contents.ts';
import { scrubContents } from './scrub-contents.ts';
import { type ScrubbedFiles, scrubFiles } from './scrub-files.ts';
import { type PublicationScrub, scrubPublications } from './scrub-publications.ts';
import { ScrubFindings, type ScrubReport } from './scrub-report.ts';
import { scrubStaging, type StagingScrub } from './scrub-staging.ts';

export interface ScrubDeps extends PublicationScrub, StagingScrub {
  readonly contents: TreeContents;
  readonly lock: Lock;
  readonly progress: Progress;
  /** Goes on where the database is older than the tree. */
  readonly moveOn: () => Promise<{
    /** From where. */
    readonly serial: number;
    /** Files that are published, and that the tree lacks. */
    readonly missing: readonly string[];
    /** What the database does not know any more. */
    readonly forgotten: readonly UnknownImage[];
  }>;
}

export interface ScrubOptions {
  /** Removes what interrupted commands left. */
  readonly repair?: boolean;
  /** How many files are hashed at once. */
  readonly parallel?: number;
  readonly signal?: AbortSignal;
}

/**
 * Looks at everything that is stored and believes nothing: hashes every file, follows every tag down to its blobs,
 * compares the marker with the database. A command that was killed leaves nothing that counts as a problem. Other
 * commands may work meanwhile, but not while leftovers are to be removed.
 * @throws SignpostError CANCELLED, STORAGE, LOCKED (with `repair`, while another command works)
 */
export async function scrubContent(deps: ScrubDeps, options: ScrubOptions = {}): Promise<ScrubReport> {
  const signal = options.signal ?? new AbortController().signal;
  const findings = new ScrubFindings();
  await using held = options.repair === true ? await deps.lock.acquire(contentLock) : undefined;
  try {
    const files = await scrubFiles(deps.inspector, findings, deps.progress, {
      parallel: options.parallel ?? 2,
      signal,
    });
    await scrubPublications(deps, findings, signal);
    const needed = await scrubStaging(deps, findings);
    await scrubMarker(deps, findings, held);
    if (findings.isSound()) await scrubContents(deps, findings, held, signal);
    if (held !== undefined) await removeLeftovers(deps, findings, files, needed);
    return findings.report(files.files, files.bytes);
  } catch (error) {
    if (signal.aborted) throw new SignpostError('CANCELLED', 'stopped', { cause: error });
    throw error;
  }
}

async function scrubMarker(
  deps: ScrubDeps,
  findings: ScrubFindings,
  held: AsyncDisposable | undefined,
): Promise<void> {
  const where = 'publication.json';
  const found = (await deps.contents.readMarker())?.serial ?? 0;
  const serials = await deps.publications.serials();
  const { serial } = serials;
  if (found === serial) return;
  if (held === undefined) {
    if (found < serial) {
      const state = `is at serial ${found} and the database at ${serial}, as a crash leaves it`;
      return findings.notice(where, `${state}: "signpost scrub --repair" brings it up to date`);
    }
    return findings.problem(
      where,
      `${describeOld(found, serial)}: put its newest copy back, or "signpost recover"`,
    );
  }
  // What is damaged is still there, and what is missing would be a promise to mirrors that cannot be kept.
  if (!findings.isSound()) {
    return findings.problem(
      where,
      `stays at serial ${found}, the database is at ${serial}: see the other problems`,
    );
  }
  const moved =
    found < serial
      ? { serial, missing: await deps.contents.update(serials), forgotten: [] }
      : await deps.moveOn();
  if (moved.missing.length > 0) {
    return findings.problem(where, `stays at serial ${found}: the tree lacks ${moved.missing[0]}`);
  }
  if (found < serial) return findings.repaired(where, `was at serial ${found}: it says ${serial} now`);
  findings.repaired(where, `${describeOld(found, serial)}: both go on at ${moved.serial}`);
  for (const { repository, digest, names } of moved.forgotten) {
    const known = names.length === 0 ? '' : `, signed as ${names.join(', ')}`;
    findings.notice(`${repository}@${digest}`, `forgotten by the database${known}: publish it again`);
  }
}

function describeOld(found: number, serial: number): string {
  return `is at serial ${found} but the database at ${serial}: the database was put back to an older state`;
}

async function removeLeftovers(
  deps: ScrubDeps,
  findings: ScrubFindings,
  files: ScrubbedFiles,
  needed: ReadonlySet<Digest>,
): Promise<void> {
  const unneeded = files.staged.filter(({ digest }) => !needed.has(digest)).map(({ path }) => path);
  for (const path of [...files.leftovers, ...unneeded]) {
    await deps.inspector.remove(path);
    findings.repaired(path, 'removed: nothing needs it');
  }
}
