import { setTimeout as sleep } from 'node:timers/promises';
import type { AcceptResult } from '../../origin/accept/accept-bundle.ts';
import {
  type WaitingBundle,
  isFolder,
  listBundles,
  putBundle,
} from '../../adapters/hand-off/bundle-folder.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import { type ErrorCode, SignpostError, isSignpostError } from '../../oci/errors.ts';

/** What became of a bundle of the folder. */
export interface FolderOutcome {
  readonly name: string;
  /** Undefined when it was refused as a whole. */
  readonly result: AcceptResult | undefined;
  /** Why it is among the refused ones; empty when all of it was accepted. */
  readonly reasons: readonly string[];
}

/** A bundle that is damaged and was written less than this long ago may still be on its way, in milliseconds. */
const settlingTime = 60_000;

/** These say that the bundle is not to be had; all others, that it could not be dealt with this time. */
const refusals: ReadonlySet<ErrorCode> = new Set([
  'REQUEST_INVALID',
  'REFERENCE_INVALID',
  'MANIFEST_INVALID',
  'DIGEST_MISMATCH',
  'LIMIT_EXCEEDED',
  'TRUST',
  'ROLLBACK',
  'DENIED',
  'NOT_FOUND',
]);

/**
 * Accepts every bundle in a folder. Each then goes into `accepted` or `refused` there, so that none comes twice; one that
 * cannot be dealt with now stays, and so do those after it.
 * @returns undefined when it is no folder
 * @throws SignpostError LOCKED, STORAGE, CANCELLED and others, for what is no fault of a bundle
 */
export async function acceptFolder(
  folder: string,
  accept: (bundle: string) => Promise<AcceptResult>,
  reasonsIn: (result: AcceptResult) => readonly string[],
  signal: AbortSignal,
): Promise<readonly FolderOutcome[] | undefined> {
  if (!(await isFolder(folder))) return undefined;
  const clock = createSystemClock();
  const outcomes: FolderOutcome[] = [];
  for (const bundle of await listBundles(folder)) {
    const outcome = await acceptOne(bundle, accept, reasonsIn, (wait) => pause(wait, signal), clock.now());
    await putBundle(bundle, folder, outcome.reasons.length === 0 ? 'accepted' : 'refused', outcome.reasons);
    outcomes.push(outcome);
  }
  return outcomes;
}

async function acceptOne(
  { name, path, written }: WaitingBundle,
  accept: (bundle: string) => Promise<AcceptResult>,
  reasonsIn: (result: AcceptResult) => readonly string[],
  wait: (milliseconds: number) => Promise<void>,
  now: number,
): Promise<FolderOutcome> {
  // A date that is still to come says nothing.
  const age = Math.abs(now - written);
  for (let isLast = age >= settlingTime; ; isLast = true) {
    try {
      const result = await accept(path);
      return { name, result, reasons: reasonsIn(result) };
    } catch (error) {
      if (!isSignpostError(error) || !refusals.has(error.code)) throw error;
      if (isLast) return { name, result: undefined, reasons: [error.message] };
    }
    await wait(settlingTime - age);
  }
}

async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(milliseconds, undefined, { signal });
  } catch (cause) {
    throw new SignpostError('CANCELLED', 'stopped', { cause });
  }
}
