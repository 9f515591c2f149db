import { isSignpostError } from '../../oci/errors.ts';
import type { ProbeFailure, ProbeOutcome, ProbeProblem, ProbeTarget } from '../../ports/mirror-probe.ts';
import { pieceSize, severalRanges } from './check-ranges.ts';
import { absent, type MirrorWays } from './mirror-ways.ts';
import type { ProbeJob, ProbeMirrorDeps, VisitResult } from './visit.ts';
import type { Check } from './check-ranges.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** What a mirror claims to hold, once that has been looked into. */
interface Claim {
  readonly serial: number;
  readonly warning?: string;
}

/** Milliseconds that a whole blob may take, whatever its size: its pace is watched besides. */
const wholeTimeout = 10 * 60_000;

/** One visit to a mirror: what is asked, in which order, and what the answers amount to. */
export class ProbeVisit {
  readonly #deps: ProbeMirrorDeps;
  readonly #job: ProbeJob;
  readonly #ways: MirrorWays;
  #last: Check | undefined;
  /** The largest of the blobs that it has. */
  #largest: ProbeTarget | undefined;

  constructor(deps: ProbeMirrorDeps, job: ProbeJob, ways: MirrorWays) {
    this.#deps = deps;
    this.#job = job;
    this.#ways = ways;
  }

  async run(): Promise<VisitResult> {
    const none = await this.#ways.find();
    if (none !== undefined) return failure(none, this.#job.mirror.urls.join(', '));
    const claim = this.#job.askSerial ? await this.#readClaim() : { serial: this.#job.serial };
    if ('ok' in claim) return claim;
    for (const check of this.#checks(claim.serial)) {
      const outcome = await this.#make(check, (reason) => !ownFailures.has(reason));
      if (!outcome.ok) return { ...failure(outcome, describe(check)), failed: check };
    }
    const silent = await this.#proveItIsThere();
    if (silent !== undefined) return silent;
    const last = this.#last?.target;
    const severalParts = this.#largest && (await this.#trySeveralParts(this.#largest));
    await this.#ways.finish((way, signal) =>
      last === undefined
        ? this.#deps.probe.readSerial(way, signal)
        : this.#deps.probe.checkHead(way, last, signal),
    );
    return severalParts === undefined ? { ok: true, ...claim } : { ok: true, ...claim, severalParts };
  }

  /** Whether it sends two parts of a blob at once. It need not: that only decides who is sent there. */
  async #trySeveralParts(target: ProbeTarget): Promise<boolean | undefined> {
    const ranges = severalRanges(target.size);
    if (!this.#job.trySeveral || ranges === undefined) return undefined;
    const pieces = await waitForAll(ranges.map((range) => this.#readExpected({ target, range })));
    const expected = pieces.flatMap((piece) => piece ?? []);
    if (expected.length < ranges.length) return undefined;
    let able: boolean | undefined;
    await this.#ways.ask(
      async (way, signal) => {
        const outcome = await this.#deps.probe.checkRange(
          way,
          target,
          ranges,
          Buffer.concat(expected),
          signal,
        );
        if (outcome.ok || !absent.has(outcome.reason)) able = outcome.ok;
        const { bytes } = outcome;
        return { ok: true, milliseconds: 0, ...(bytes === undefined ? {} : { bytes }) };
      },
      () => false,
    );
    return able;
  }

  /** Clients can ask for what is nowhere, as often as they like: that alone must not be what is looked at. */
  *#checks(serial: number): Iterable<Check> {
    yield* this.#job.checks(serial);
    if (this.#last === undefined) yield* this.#job.instead(serial);
  }

  /** Where all that was to be checked has been retired, or there is nothing yet, the mirror must at least answer. */
  async #proveItIsThere(): Promise<VisitResult | undefined> {
    if (this.#ways.asked) return undefined;
    const answer = await this.#ways.ask(
      (way, signal) => this.#deps.probe.readSerial(way, signal),
      (reason) => absent.has(reason),
    );
    return answer.ok || !absent.has(answer.reason) ? undefined : failure(answer, 'publication.json');
  }

  /** The serial to go on with, or why the mirror has failed already. */
  async #readClaim(): Promise<Claim | VisitResult> {
    const known = this.#job.serial;
    const answer = await this.#ways.ask(
      (way, signal) => this.#deps.probe.readSerial(way, signal),
      (reason) => absent.has(reason),
    );
    if (!answer.ok) {
      // A mirror that is known to hold something still holds it while its marker cannot be read.
      return absent.has(answer.reason) || known === 0
        ? failure(answer, 'publication.json')
        : { serial: known, warning: `${answer.reason}: ${answer.detail} (publication.json)` };
    }
    const newest = this.#deps.treeSerial();
    if (answer.serial > newest) {
      // It is a lie, or this process has not seen a publication yet that the mirror has: not believed.
      return known === 0 ? aheadOf(answer.serial, newest) : { serial: known };
    }
    return answer.serial > known ? this.#tryClaim(answer.serial) : { serial: answer.serial };
  }

  /** A marker that came before its content claims too much. What was held before is still there. */
  async #tryClaim(claimed: number): Promise<Claim | VisitResult> {
    const { serial: known, newest } = this.#job;
    for (const check of newest(known, claimed)) {
      const outcome = await this.#make(check, (reason) => absent.has(reason));
      if (outcome.ok) continue;
      const detail = `it says that it holds publication ${claimed}, but ${outcome.detail}`;
      if (known > 0 && !absent.has(outcome.reason) && !ownFailures.has(outcome.reason)) {
        return { serial: known, warning: `${detail} (${describe(check)})` };
      }
      return { ...failure({ ...outcome, detail }, describe(check)), failed: check };
    }
    return { serial: claimed };
  }

  async #make(check: Check, another: (reason: ProbeFailure) => boolean): Promise<ProbeOutcome> {
    const { target, range } = check;
    if (check.how !== undefined) return this.#makeAlone(check, check.how, another);
    const expected = await this.#readExpected(check);
    if (expected === undefined) return retired;
    this.#last = check;
    const { probe } = this.#deps;
    const outcome = await this.#ways.ask(
      (way, signal) => probe.checkRange(way, target, range, expected, signal),
      another,
    );
    if (outcome.ok) this.#noteHeld(target);
    // Pieces of other sizes could not be compared.
    if (outcome.ok && expected.length <= pieceSize) this.#ways.noteResponseTime(outcome.milliseconds);
    return outcome;
  }

  /** A check for which the origin's bytes are not needed. */
  async #makeAlone(
    check: Check,
    how: 'head' | 'whole',
    another: (reason: ProbeFailure) => boolean,
  ): Promise<ProbeOutcome> {
    const { target } = check;
    const { probe } = this.#deps;
    const outcome =
      how === 'head'
        ? await this.#ways.ask((way, signal) => probe.checkHead(way, target, signal), another)
        : await this.#ways.ask((way, signal) => probe.checkWhole(way, target, signal), another, wholeTimeout);
    if (outcome.ok) {
      this.#last = check;
      this.#noteHeld(target);
    } else if (outcome.reason === 'status' && (await this.#readExpected(check)) === undefined) return retired;
    return outcome;
  }

  #noteHeld(target: ProbeTarget): void {
    if (target.size > (this.#largest?.size ?? 0)) this.#largest = target;
  }

  /** The origin's own bytes; undefined when the blob has been retired since it was picked. */
  async #readExpected({ target, range }: Check): Promise<Uint8Array | undefined> {
    try {
      return await this.#deps.tree.readBlob(target.repository, target.digest, range);
    } catch (error) {
      if (isSignpostError(error, 'NOT_FOUND')) return undefined;
      throw error;
    }
  }
}

/** Retired since it was picked: there is nothing to compare. */
const retired: ProbeOutcome = { ok: true, milliseconds: 0 };

/** Another way may do better; these are the mirror's own. */
const ownFailures: ReadonlySet<ProbeFailure> = new Set(['wrong-bytes', 'marker']);

function failure({ reason, detail }: ProbeProblem, what: string): Extract<VisitResult, { ok: false }> {
  const result = {
    ok: false as const,
    wrongBytes: reason === 'wrong-bytes',
    failure: reason,
    reason: `${reason}: ${detail} (${what})`,
  };
  return reason === 'address-not-allowed' ? { ...result, unreachable: true } : result;
}

function aheadOf(serial: number, newest: number): VisitResult {
  const reason = `marker: its publication.json says serial ${serial}, but the newest publication is ${newest}`;
  return { ok: false, wrongBytes: false, failure: 'ahead', reason };
}

function describe({ target, range, how }: Check): string {
  const blob = `${target.repository}@${target.digest}`;
  if (how !== undefined) return how === 'head' ? `HEAD of ${blob}` : `all of ${blob}`;
  return `bytes ${range.start}-${range.end} of ${blob}`;
}
