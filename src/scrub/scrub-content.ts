import type { Digest } from '../oci/digest.ts';
import { isSignpostError, SignpostError } from '../oci/errors.ts';
import { contentLock, type Lock } from '../ports/lock.ts';
import type { Progress } from '../ports/progress.ts';
import type { TreeContents } from '../ports/tree-contents.ts';
import { scrubContents } from './scrub-contents.ts';
import { type ScrubbedFiles, scrubFiles } from './scrub-files.ts';
import { type PublicationScrub, scrubPublications } from './scrub-publications.ts';
import { ScrubFindings, type ScrubReport } from './scrub-report.ts';
import { scrubStaging, type StagingScrub } from './scrub-staging.ts';

export interface ScrubDeps extends PublicationScrub, StagingScrub {
  readonly contents: TreeContents;
  readonly lock: Lock;
  readonly progress: Progress;
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
  const serialOf = async () => (await deps.contents.readMarker())?.serial ?? 0;
  const found = await serialOf();
  const { serial } = await deps.publications.serials();
  if (found === serial) return;
  if (found > serial) {
    return findings.problem(
      where,
      `is at serial ${found} but the database at ${serial}: the database was put back to an older state`,
    );
  }
  try {
    await using _held = held === undefined ? await deps.lock.acquire(contentLock) : undefined;
    // Read again: whoever had the lock may just have written it.
    const now = await deps.publications.serials();
    if ((await serialOf()) >= now.serial) return;
    await deps.contents.update(now);
    findings.repaired(where, `was at serial ${found}, as a crash leaves it: it says ${now.serial} now`);
  } catch (error) {
    if (!isSignpostError(error, 'LOCKED')) throw error;
    findings.notice(where, `is at serial ${found} and the database at ${serial}: another command is at work`);
  }
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
