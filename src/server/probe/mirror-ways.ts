import type { TriedWay, UrlAddresses } from '../../mirrors/url-states.ts';
import type {
  MirrorWay,
  ProbeFailure,
  ProbeOutcome,
  ProbeProblem,
  SerialOutcome,
} from '../../ports/mirror-probe.ts';
import type { ProbeJob, ProbeMirrorDeps, VisitReport } from './visit.ts';

type Outcome = ProbeOutcome | SerialOutcome;
type Question<T extends Outcome> = (way: MirrorWay, signal: AbortSignal) => Promise<T>;

/** These say that the mirror is not there at all, whatever was asked for. */
export const absent: ReadonlySet<ProbeFailure> = new Set([
  'refused',
  'timeout',
  'tls',
  'redirect',
  'address-not-allowed',
  'no-route',
]);

/** The parts of the usual time that the first way, and each further one, may take. */
const firstShare = 3 / 4;
const furtherShare = 1 / 2;
/** More than so many ways are not looked at in one visit. */
const wayLimit = 16;

/**
 * The ways to a mirror, each of its URLs over each address family, in the order of this visit. One that fails is left
 * for the next; what all of them cost and showed is kept count of.
 */
export class MirrorWays {
  readonly #deps: ProbeMirrorDeps;
  readonly #job: ProbeJob;
  readonly #stop: AbortSignal;
  readonly #onHeard: () => void;
  #heard = false;
  #ways: readonly MirrorWay[] = [];
  #at = 0;
  #addresses: UrlAddresses[] = [];
  readonly #tried: TriedWay[] = [];
  #requests = 0;
  #bytes = 0;
  #certificateExpires: number | undefined;
  #responseTime: number | undefined;

  constructor(deps: ProbeMirrorDeps, job: ProbeJob, stop: AbortSignal, onHeard: () => void) {
    this.#onHeard = onHeard;
    this.#deps = deps;
    this.#job = job;
    this.#stop = stop;
  }

  /** Whether anything has been asked by any of them. */
  get asked(): boolean {
    return this.#requests > 0;
  }

  /** Finds out which ways there are; why there is none otherwise. */
  async find(): Promise<ProbeProblem | undefined> {
    const { mirror, turn } = this.#job;
    let problem: ProbeProblem | undefined;
    const ways: MirrorWay[] = [];
    for (const url of mirror.urls) {
      const found = await this.#limited((signal) => this.#deps.probe.findFamilies(mirror, url, signal));
      if (found.ok) {
        this.#addresses.push({ url, families: found.families });
        ways.push(...found.families.map((family) => ({ mirror, url, family })));
      } else {
        this.#addresses.push({ url, reason: `${found.reason}: ${found.detail}` });
        problem ??= found;
      }
    }
    const start = ways.length === 0 ? 0 : turn % ways.length;
    this.#ways = [...ways.slice(start), ...ways.slice(0, start)].slice(0, wayLimit);
    return this.#ways.length === 0 ? problem : undefined;
  }

  /**
   * Asks by the way that is in use; where it fails for a reason that `another` says yes to, by the ones after it. The
   * way that succeeds stays in use. The failure is the first.
   */
  async ask<T extends Outcome>(
    question: Question<T>,
    another: (reason: ProbeFailure) => boolean,
    timeout?: number,
  ): Promise<T | ProbeProblem> {
    let first: ProbeProblem | undefined;
    for (; ; this.#at += 1) {
      const way = this.#ways[this.#at];
      if (way === undefined) throw new Error('there is no way left');
      const outcome = await this.#askBy(way, question, timeout ?? this.#patience(first !== undefined));
      if (outcome.ok) return outcome;
      // That there is no route from here says less than any other answer.
      if (first === undefined || first.reason === 'no-route') first = outcome;
      if (!another(outcome.reason) || this.#at + 1 >= this.#ways.length || this.#stop.aborted) return first;
      this.#failed(way, outcome);
    }
  }

  /** The way in use has passed all that was asked of it. The ones after it are looked at where the job says so. */
  async finish(look: Question<Outcome>): Promise<void> {
    const used = this.#ways[this.#at];
    if (used === undefined) return;
    this.#tried.push({ url: used.url, family: used.family });
    if (!this.#job.everyWay) return;
    for (const way of this.#ways.slice(this.#at + 1)) {
      if (this.#stop.aborted) return;
      const outcome = await this.#askBy(way, look, this.#deps.probeTimeout);
      if (outcome.ok) this.#tried.push({ url: way.url, family: way.family });
      else this.#failed(way, outcome);
    }
  }

  report(): VisitReport {
    const [certificateExpires, responseTime] = [this.#certificateExpires, this.#responseTime];
    return {
      requests: this.#requests,
      bytes: this.#bytes,
      addresses: this.#addresses,
      tried: this.#tried,
      ...(certificateExpires === undefined ? {} : { certificateExpires }),
      ...(responseTime === undefined ? {} : { responseTime }),
    };
  }

  /**
   * How long to wait by one way. As long as nothing has been heard of a mirror that has several, all of them together must
   * not take much longer than a single one would.
   */
  #patience(isFurther: boolean): number {
    const { probeTimeout } = this.#deps;
    if (this.#heard || this.#ways.length < 2) return probeTimeout;
    return probeTimeout * (isFurther ? furtherShare : firstShare);
  }

  noteResponseTime(milliseconds: number): void {
    this.#responseTime ??= milliseconds;
  }

  #failed({ url, family }: MirrorWay, { reason, detail }: ProbeProblem): void {
    if (reason !== 'no-route') this.#tried.push({ url, family, reason: `${reason}: ${detail}` });
  }

  async #askBy<T extends Outcome>(way: MirrorWay, question: Question<T>, timeout: number): Promise<T> {
    this.#requests += 1;
    const outcome = await this.#limited((signal) => question(way, signal), timeout);
    if (outcome.ok) {
      this.#heard = true;
      this.#onHeard();
    }
    this.#bytes += outcome.bytes ?? 0;
    const { certificateExpires } = outcome;
    if (certificateExpires !== undefined) {
      this.#certificateExpires = Math.min(certificateExpires, this.#certificateExpires ?? Infinity);
    }
    return outcome;
  }

  async #limited<T>(
    ask: (signal: AbortSignal) => Promise<T>,
    milliseconds = this.#deps.probeTimeout,
  ): Promise<T> {
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), milliseconds);
    try {
      return await ask(AbortSignal.any([this.#stop, timeout.signal]));
    } finally {
      clearTimeout(timer);
    }
  }
}
