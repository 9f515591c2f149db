import type { ProbeTarget } from '../../ports/mirror-probe.ts';
import type { StoredMirrorState } from '../../ports/mirror-states.ts';
import type { Check } from './check-ranges.ts';
import { type CheckSource, fullChecks, headOf, pickedPiece, pieceOf, wholeChecks } from './choose-checks.ts';
import type { ProbeBudget } from './probe-budget.ts';
import type { ProbeSettings } from './schedule.ts';

/** What the next probe of a mirror depends on. */
export interface CheckedState {
  /** What it must pass to come back. */
  readonly failed: StoredMirrorState['failed'];
  /** Whether clients are sent there. */
  readonly active: boolean;
  /** What clients were sent there for last. */
  readonly recent: ProbeTarget | undefined;
  /** Counts the visits. */
  readonly turn: number;
}

/** Draws what each probe of one mirror looks at. */
export class MirrorChecks {
  readonly #source: CheckSource;
  readonly #settings: ProbeSettings;
  readonly #budget: ProbeBudget;
  #wholeAt: number;

  /** @param wholeAt when a blob was last read whole, by the monotonic clock in milliseconds */
  constructor(source: CheckSource, settings: ProbeSettings, budget: ProbeBudget, wholeAt: number) {
    this.#source = source;
    this.#settings = settings;
    this.#budget = budget;
    this.#wholeAt = wholeAt;
  }

  *ordinary(serial: number, { failed, active, recent, turn }: CheckedState, now: number): Iterable<Check> {
    if (failed !== undefined) {
      // What it failed on is what it must pass: another blob being there proves nothing about this one.
      yield failed;
      return;
    }
    const source = this.#source;
    const latest = active && source.random() < 0.75 ? recent : undefined;
    const target = latest ?? source.pick(serial) ?? recent;
    if (target !== undefined) yield* pieceOf(target, source.random);
    // A mirror in use is asked often enough.
    if (!active) yield* headOf(turn % 2 === 0 ? source.pickNewest(0, serial) : source.pick(serial));
    if (now - this.#wholeAt < this.#settings.wholeBlobInterval) return;
    this.#wholeAt = now;
    if (this.#budget.mayReadWhole(now)) yield* wholeChecks(source, serial);
  }

  *full(serial: number, failed: StoredMirrorState['failed']): Iterable<Check> {
    yield* fullChecks(this.#source, serial, failed);
    yield* headOf(this.#source.pickNewest(0, serial));
    yield* wholeChecks(this.#source, serial);
  }

  /** Any blob, where none of those that were to be looked at is there any more. */
  instead(serial: number): Iterable<Check> {
    return pickedPiece(this.#source, serial);
  }
}
