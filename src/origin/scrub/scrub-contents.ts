import { isSignpostError } from '../../oci/errors.ts';
import { contentLock, type Lock } from '../../ports/lock.ts';
import type { Publications } from '../../ports/publications.ts';
import type { TreeContents } from '../../ports/tree-contents.ts';
import type { ScrubFindings } from './scrub-report.ts';

export interface ContentsScrub {
  readonly contents: TreeContents;
  readonly publications: Publications;
  readonly lock: Lock;
}

/**
 * Compares the contents lists with the tree, which must be sound: of a file that is lost here mirrors have good
 * copies, and they would delete them when no list names it. With `repair`, which is the lock, wrong lists are written
 * again.
 */
export async function scrubContents(
  deps: ContentsScrub,
  findings: ScrubFindings,
  repair: AsyncDisposable | undefined,
  signal: AbortSignal,
): Promise<void> {
  if (await isRight(deps, signal)) return;
  try {
    // Again, and with nobody else at work: a publication that is under way places files before it lists them.
    await using _held = repair === undefined ? await deps.lock.acquire(contentLock) : undefined;
    let wrong = false;
    for await (const { where, what } of deps.contents.check(signal)) {
      wrong = true;
      if (repair === undefined) findings.problem(where, `${what}: "signpost scrub --repair" writes it again`);
      else findings.repaired(where, `${what}: written again`);
    }
    if (!wrong || repair === undefined) return;
    for (const path of await deps.contents.update(await deps.publications.serials(), 'everything')) {
      findings.problem(path, 'is published and missing: publish the image again with --renew');
    }
  } catch (error) {
    if (!isSignpostError(error, 'LOCKED')) throw error;
    findings.notice('tree/contents', 'not compared with the tree: another command is at work');
  }
}

async function isRight({ contents }: ContentsScrub, signal: AbortSignal): Promise<boolean> {
  for await (const _ of contents.check(signal)) return false;
  return true;
}
