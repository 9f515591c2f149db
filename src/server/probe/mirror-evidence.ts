import type { FailureReport } from '../../ports/mirror-probe.ts';
import { pieceAt } from './check-ranges.ts';
import { pieceOf } from './choose-checks.ts';
import { EvidenceSweep, type SweepStep } from './evidence-sweep.ts';
import type { ProbeBudget } from './probe-budget.ts';
import type { Check } from './check-ranges.ts';
import { type Evidence, FailureReports } from './failure-reports.ts';

/** One look into what clients say. */
export interface EvidenceCheck {
  readonly evidence: Evidence;
  /** The part of the blob that is read; undefined when it is only sampled. */
  readonly step: SweepStep | undefined;
  readonly checks: readonly Check[];
}

/** Between looks into what is said against one mirror, in milliseconds. */
const pause = 500;

/** What clients say against one mirror, and what is still to be read because of it. */
export class MirrorEvidence {
  readonly #failureReports = new FailureReports();
  readonly #sweep = new EvidenceSweep();
  readonly #budget: ProbeBudget;
  readonly #random: () => number;
  #lookedAt = -Infinity;

  constructor(budget: ProbeBudget, random: () => number) {
    this.#budget = budget;
    this.#random = random;
  }

  note(failureReport: FailureReport, now: number): void {
    this.#failureReports.note(failureReport, now);
  }

  /** Whether there is something to look into, and it may be done: what is left of the hour may be for other visits. */
  isDue(now: number): boolean {
    return this.#failureReports.any && now - this.#lookedAt >= pause && this.#budget.mayFollowUp(now);
  }

  /** What to look into now, if that is due. */
  next(now: number): EvidenceCheck | undefined {
    const evidence = this.isDue(now) ? this.#failureReports.take() : undefined;
    if (evidence === undefined) return undefined;
    this.#lookedAt = now;
    const { target, offset } = evidence;
    const step = this.#sweep.next(target, now, offset);
    // A client that keeps asking must not make the mirror send the same bytes over and over.
    if (step === undefined || !this.#budget.mayFollowUp(now, step.ranges.length, step.bytes)) {
      const sample =
        offset === undefined
          ? [...pieceOf(target, this.#random)]
          : [{ target, range: pieceAt(target.size, offset) }];
      return { evidence, step: undefined, checks: sample };
    }
    return { evidence, step, checks: step.ranges.map((range) => ({ target, range })) };
  }

  /** The mirror is still in. `read`: what was to be read was right; otherwise nobody could look. */
  refuted({ evidence, step }: EvidenceCheck, read: boolean, now: number): void {
    if (read && step !== undefined) this.#sweep.passed(step, now);
    const toTheEnd = !read || step === undefined || step.upTo >= evidence.target.size;
    this.#failureReports.refuted(evidence, toTheEnd, now);
  }

  /** The mirror is out: there is nothing left to find out. */
  clear(): void {
    this.#failureReports.clear();
  }
}
