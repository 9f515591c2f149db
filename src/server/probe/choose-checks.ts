import type { ProbeTarget } from '../../ports/mirror-probe.ts';
import { evidenceRanges, ordinaryRange, wholeCheckSize } from './check-ranges.ts';
import type { Check } from './check-ranges.ts';

/** What the checks of one mirror are drawn from. */
export interface CheckSource {
  /** Any blob that the mirror should have at `serial`. */
  readonly pick: (serial: number) => ProbeTarget | undefined;
  /** One that was published after `above`, up to `upTo`, among the newest. */
  readonly pickNewest: (above: number, upTo: number) => ProbeTarget | undefined;
  /** From 0 (included) to 1 (excluded). */
  readonly random: () => number;
}

/** A larger blob is never read whole, in bytes: its parts are read by and by. */
const wholeReadLimit = 32 * 1024 * 1024;
const fullCheckTargets = 3;
const pickTries = 8;
const newestChecks = 2;

/** A part of a blob. */
export function* pieceOf(target: ProbeTarget, random: () => number): Iterable<Check> {
  if (target.size > 0) yield { target, range: ordinaryRange(target.size, random) };
}

/** A part of any blob. */
export function* pickedPiece({ pick, random }: CheckSource, serial: number): Iterable<Check> {
  const target = pick(serial);
  if (target !== undefined) yield* pieceOf(target, random);
}

/** Whether a blob is there. */
export function* headOf(target: ProbeTarget | undefined): Iterable<Check> {
  // The last byte is what it must have to come back, if it fails: a HEAD alone would be too easily passed.
  if (target !== undefined && target.size > 0) {
    yield { target, range: { start: target.size - 1, end: target.size - 1 }, how: 'head' };
  }
}

/** Some blobs of what a mirror says that it has got by now. */
export function* newChecks(source: CheckSource, above: number, upTo: number): Iterable<Check> {
  const seen = new Set<string>();
  for (let draw = 0; draw < newestChecks; draw += 1) {
    const target = source.pickNewest(above, upTo);
    if (target === undefined || seen.has(target.digest)) return;
    seen.add(target.digest);
    yield* headOf(target);
  }
}

/** A blob of moderate size, whole, against its digest. */
export function* wholeChecks(source: CheckSource, serial: number): Iterable<Check> {
  for (let tries = 0; tries < pickTries; tries += 1) {
    const target = source.pick(serial);
    if (target === undefined) return;
    if (target.size === 0 || target.size > wholeReadLimit) continue;
    yield { target, range: ordinaryRange(target.size, source.random), how: 'whole' };
    return;
  }
}

/** What was wrong before, then other blobs, one of them small enough to be compared whole. */
export function* fullChecks(source: CheckSource, serial: number, failed: Check | undefined): Iterable<Check> {
  const seen = new Set<string>();
  if (failed !== undefined) {
    yield failed;
    yield* partsOf(failed.target);
    seen.add(failed.target.digest);
  }
  let whole = failed !== undefined && failed.target.size <= wholeCheckSize;
  for (let tries = 0; tries < pickTries && (seen.size <= fullCheckTargets || !whole); tries++) {
    const target = source.pick(serial);
    if (target === undefined) return;
    if (seen.has(target.digest) || (seen.size > fullCheckTargets && target.size > wholeCheckSize)) continue;
    seen.add(target.digest);
    whole ||= target.size <= wholeCheckSize;
    yield* partsOf(target);
  }
}

function* partsOf(target: ProbeTarget): Iterable<Check> {
  for (const range of evidenceRanges(target.size)) yield { target, range };
}
