import type { Mirror } from '../mirrors/mirror.ts';
import { afterProbe, type MirrorHealth, newMirrorHealth } from '../mirrors/mirror-state.ts';
import type { ProbeTarget } from '../ports/mirror-probe.ts';
import type { StoredMirrorState } from '../ports/mirror-states.ts';
import { evidenceRanges, ordinaryRange, wholeCheckSize } from './check-ranges.ts';
import { EvidenceSweep } from './evidence-sweep.ts';
import { HourlyBudget } from './hourly-budget.ts';
import type { Check, ProbeFinding, ProbeJob } from './probe-mirror.ts';
import { isActive, type ProbeHistory, type ProbeSettings, serialDue } from './schedule.ts';

export interface ProbedMirrorDeps {
  readonly settings: ProbeSettings;
  readonly pickTarget: (mirror: Mirror, serial: number) => ProbeTarget | undefined;
  readonly random?: () => number;
}

// An hour at a probe each 2 seconds is 1,800 requests and at most 113 MiB; the limits are for what goes beyond.
const hourlyRequests = 4000;
const hourlyEvidence = 1024 ** 3;
/** Markers that changed; unchanged ones are not sent again by a server that knows conditions. */
const hourlyMarkers = 256 * 1024 ** 2;
const evidencePause = 500;
const fullCheckTargets = 3;
const pickTries = 8;

/** One mirror as the prober knows it: what it is due for, and what each probe has to look at. It does no I/O. */
export class ProbedMirror implements ProbeHistory {
  mirror: Mirror;
  health: MirrorHealth;
  running = false;
  sentAt = -Infinity;
  probedAt = -Infinity;
  serialAt = -Infinity;
  behindSince: number | undefined;
  jitter = 0.5;
  #failed: Check | undefined;
  #recent: ProbeTarget | undefined;
  #evidence: ProbeTarget | undefined;
  #evidenceAt = -Infinity;
  readonly #sweep = new EvidenceSweep();
  /** A private mirror that must not be probed from here: it is taken at its word. */
  #trusted = false;
  /** It has passed a probe: from then on it is judged by probes alone. */
  #proved = false;
  readonly #requests: HourlyBudget;
  readonly #evidenceBytes: HourlyBudget;
  readonly #markerBytes: HourlyBudget;
  readonly #deps: ProbedMirrorDeps;
  readonly #random: () => number;

  constructor(
    mirror: Mirror,
    stored: StoredMirrorState | undefined,
    deps: ProbedMirrorDeps,
    treeSerial: number,
    now: number,
  ) {
    this.mirror = mirror;
    this.health = { ...newMirrorHealth(now), ...kept(stored) };
    this.#failed = stored?.failed;
    this.behindSince = treeSerial > 0 ? now : undefined;
    this.#deps = deps;
    this.#random = deps.random ?? Math.random;
    this.#requests = new HourlyBudget(hourlyRequests, now);
    this.#evidenceBytes = new HourlyBudget(hourlyEvidence, now);
    this.#markerBytes = new HourlyBudget(hourlyMarkers, now);
  }

  get state(): MirrorHealth {
    return this.health;
  }

  stored(): StoredMirrorState {
    return this.#failed === undefined ? this.health : { ...this.health, failed: this.#failed };
  }

  sentTo(target: ProbeTarget, now: number): void {
    this.sentAt = now;
    this.#recent = target;
  }

  /** A mirror that is out already needs no evidence. */
  suspect(target: ProbeTarget): void {
    if (this.health.healthy) this.#evidence = target;
  }

  evidenceDue(now: number): boolean {
    return this.#evidence !== undefined && now - this.#evidenceAt >= evidencePause;
  }

  /** What to look at now; undefined when the hour's budget is spent. */
  begin(now: number): ProbeJob | undefined {
    const evidence = this.health.healthy && this.evidenceDue(now) ? this.#evidence : undefined;
    this.running = true;
    this.#evidence = undefined;
    this.jitter = this.#random();
    if (evidence !== undefined) return this.#evidenceJob(evidence, now);
    const askSerial = serialDue(this, this.#deps.settings, now) && this.#markerBytes.hasLeft(now);
    this.probedAt = now;
    if (!askSerial && this.health.serial === 0) return undefined;
    if (askSerial) this.serialAt = now;
    const job = { mirror: this.mirror, serial: this.health.serial, askSerial };
    if (this.health.needs === 'full-check') {
      return { ...job, full: true, checks: (serial) => this.#fullChecks(serial) };
    }
    if (this.health.healthy && !this.#requests.take(askSerial ? 2 : 1, now)) return undefined;
    return { ...job, full: false, checks: (serial) => this.#ordinaryChecks(serial, now) };
  }

  /** Takes in what a probe found. `treeSerial` is the tree's now. */
  finish(finding: ProbeFinding, job: ProbeJob, treeSerial: number, now: number): void {
    if (finding.markerBytes !== undefined) this.#markerBytes.spend(finding.markerBytes, now);
    this.#proved ||= finding.verdict.ok;
    this.#trusted = finding.unreachable === true && this.#mayBeTrusted();
    const verdict = this.#trusted ? { ok: true as const, full: false, serial: treeSerial } : finding.verdict;
    if (verdict.ok && job.evidence !== undefined) this.#sweep.passed(job.evidence, now);
    this.health = afterProbe(this.health, verdict, now);
    this.#failed = this.health.healthy ? undefined : (finding.failed ?? this.#failed);
    this.noteSerial(treeSerial, now);
  }

  /** What was caught with wrong bytes, or could be reached once, does not come back by being out of reach. */
  #mayBeTrusted(): boolean {
    return this.mirror.kind === 'private' && !this.#proved && this.health.needs !== 'full-check';
  }

  end(): void {
    this.running = false;
  }

  /** The tree has reached a serial. */
  noteSerial(treeSerial: number, now: number): void {
    if (this.#trusted && this.health.serial !== treeSerial) {
      this.health = { ...this.health, serial: treeSerial };
    }
    this.behindSince = this.health.serial < treeSerial ? (this.behindSince ?? now) : undefined;
  }

  #evidenceJob(target: ProbeTarget, now: number): ProbeJob {
    this.#evidenceAt = now;
    const job = { mirror: this.mirror, serial: this.health.serial, askSerial: false, full: false };
    const step = this.#sweep.next(target, now);
    // A client that keeps asking must not make the mirror send the same bytes over and over.
    if (step === undefined || !this.#evidenceBytes.take(step.bytes, now)) {
      return { ...job, checks: () => this.#piece(target) };
    }
    return { ...job, evidence: step, checks: () => step.ranges.map((range) => ({ target, range })) };
  }

  *#ordinaryChecks(serial: number, now: number): Iterable<Check> {
    if (this.#failed !== undefined) {
      // What it failed on is what it must pass: another blob being there proves nothing about this one.
      yield this.#failed;
      return;
    }
    const recent = isActive(this, now) && this.#random() < 0.75 ? this.#recent : undefined;
    const target = recent ?? this.#deps.pickTarget(this.mirror, serial) ?? this.#recent;
    if (target !== undefined) yield* this.#piece(target);
  }

  /** The blob that was wrong, then others, one of them small enough to be checked whole. */
  *#fullChecks(serial: number): Iterable<Check> {
    const seen = new Set<string>();
    const failed = this.#failed;
    if (failed !== undefined) {
      yield failed;
      yield* checksOf(failed.target);
      seen.add(failed.target.digest);
    }
    let whole = failed !== undefined && failed.target.size <= wholeCheckSize;
    for (let tries = 0; tries < pickTries && (seen.size <= fullCheckTargets || !whole); tries++) {
      const target = this.#deps.pickTarget(this.mirror, serial);
      if (target === undefined) return;
      if (seen.has(target.digest) || (seen.size > fullCheckTargets && target.size > wholeCheckSize)) continue;
      seen.add(target.digest);
      whole ||= target.size <= wholeCheckSize;
      yield* checksOf(target);
    }
  }

  *#piece(target: ProbeTarget): Iterable<Check> {
    if (target.size > 0) yield { target, range: ordinaryRange(target.size, this.#random) };
  }
}

function* checksOf(target: ProbeTarget): Iterable<Check> {
  for (const range of evidenceRanges(target.size)) yield { target, range };
}

/** What outlives a restart: the serial is asked for anew, and a mirror proves again that it is there. */
function kept(stored: StoredMirrorState | undefined): Partial<MirrorHealth> {
  if (stored === undefined) return {};
  const { needs, flips, ipv4, ipv6 } = stored;
  return { needs, flips, ...(ipv4 === undefined ? {} : { ipv4 }), ...(ipv6 === undefined ? {} : { ipv6 }) };
}
