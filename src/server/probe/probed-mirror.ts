import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import {
  afterProbe,
  type MirrorHealth,
  newMirrorHealth,
  type ProbeVerdict,
} from '../../mirrors/mirror-state.ts';
import type { ProbeTarget, FailureReport } from '../../ports/mirror-probe.ts';
import type { StoredMirrorState } from '../../ports/mirror-states.ts';
import { type CheckSource, newChecks } from './choose-checks.ts';
import { type CheckedState, MirrorChecks } from './mirror-checks.ts';
import { MeasuredFacts } from './measured-facts.ts';
import { MirrorEvidence } from './mirror-evidence.ts';
import type { Moment } from './moment.ts';
import type { ProbeFinding, ProbeJob } from './visit.ts';
import { ProbeBudget } from './probe-budget.ts';
import { StandIns, type RankedMirrors } from './stand-ins.ts';
import { isActive, type ProbeHistory, type ProbeSettings, serialDue } from './schedule.ts';

export interface ProbedMirrorDeps {
  readonly settings: ProbeSettings;
  readonly pickTarget: (mirror: Mirror, serial: number) => ProbeTarget | undefined;
  readonly pickNewest: (mirror: Mirror, above: number, upTo: number) => ProbeTarget | undefined;
  readonly random?: () => number;
}

/** Between looks at every way to a mirror that is well, in milliseconds. */
const everyWayInterval = 10 * 60_000;

/** One mirror as the prober knows it: what it is due for, and what each probe has to look at. It does no I/O. */
export class ProbedMirror implements ProbeHistory {
  mirror: Mirror;
  health: MirrorHealth;
  running = false;
  sentAt = -Infinity;
  probedAt = -Infinity;
  serialAt = -Infinity;
  /** When the last finished probe began, in milliseconds since the epoch. */
  checkedAt: number | undefined;
  changedAt: number;
  behindSince: number | undefined;
  jitter = 0.5;
  /** Somebody wants it probed now. */
  asked = false;
  #failed: StoredMirrorState['failed'];
  #recent: ProbeTarget | undefined;
  #everyWayAt = -Infinity;
  #turn: number;
  readonly #standIns = new StandIns();
  readonly #facts: MeasuredFacts;
  readonly #evidence: MirrorEvidence;
  /** A private mirror that must not be probed from here: it is taken at its word, once it has given it. */
  #trusted = false;
  /** Its word: the serial that it has reported. It does not grow old, since content is only ever added. */
  #reported: number | undefined;
  /** It has passed a probe: from then on it is judged by probes alone. */
  #proved = false;
  readonly #budget: ProbeBudget;
  readonly #deps: ProbedMirrorDeps;
  readonly #source: CheckSource;
  readonly #checks: MirrorChecks;

  constructor(
    mirror: Mirror,
    stored: StoredMirrorState | undefined,
    deps: ProbedMirrorDeps,
    treeSerial: number,
    { at, monotonic: now }: Moment,
  ) {
    this.mirror = mirror;
    this.health = { ...newMirrorHealth(at), ...kept(stored) };
    this.changedAt = now;
    this.#failed = stored?.failed;
    this.#reported = stored?.reported;
    this.#facts = new MeasuredFacts(deps.settings, stored?.responseTime);
    this.behindSince = treeSerial > 0 ? now : undefined;
    this.#deps = deps;
    const random = deps.random ?? Math.random;
    this.#source = {
      pick: (serial) => deps.pickTarget(this.mirror, serial),
      pickNewest: (above, upTo) => deps.pickNewest(this.mirror, above, upTo),
      random,
    };
    this.#budget = new ProbeBudget(deps.settings, now);
    this.#evidence = new MirrorEvidence(this.#budget, random);
    // A mirror that is new here shows a whole blob at once; the others are spread over the time between.
    const wholeAt = stored === undefined ? -Infinity : now - random() * deps.settings.wholeBlobInterval;
    this.#checks = new MirrorChecks(this.#source, deps.settings, this.#budget, wholeAt);
    this.#turn = Math.floor(random() * 64);
  }

  /** It is a private mirror that nobody can look at from here, as the last visit showed. */
  get isTrusted(): boolean {
    return this.#trusted;
  }

  get state(): MirrorHealth {
    return this.health;
  }

  stored(): StoredMirrorState {
    return {
      ...this.health,
      ...(this.#failed === undefined ? {} : { failed: this.#failed }),
      ...(this.#reported === undefined ? {} : { reported: this.#reported }),
    };
  }

  sentTo(target: ProbeTarget, now: number, ranked?: RankedMirrors): void {
    this.sentAt = now;
    this.#recent = target;
    if (ranked !== undefined) this.#standIns.note(ranked);
  }

  /** Where its clients are sent without it. */
  standIns(): ReadonlySet<MirrorId> {
    return this.#standIns.of(this.mirror.id);
  }

  /** Clients will be sent there any moment: it is probed like one in use. */
  expectClients(now: number): void {
    this.sentAt = Math.max(this.sentAt, now);
  }

  /** A mirror that is out already needs no evidence. */
  suspect(failureReport: FailureReport, now: number): void {
    if (this.health.healthy) this.#evidence.note(failureReport, now);
  }

  evidenceDue(now: number): boolean {
    return this.#evidence.isDue(now);
  }

  /** Its people say that it has synced: that is a reason to look. Where nobody can look, it is all there is to go by. */
  report(serial: number | undefined, treeSerial: number, now: number): void {
    this.asked = true;
    if (this.mirror.kind !== 'private' || serial === undefined) return;
    this.#reported = serial;
    this.noteSerial(treeSerial, now);
  }

  /** Somebody else has looked: so does the next probe, and first of all at what the mirror failed on there. */
  lookAt(failed: StoredMirrorState['failed']): void {
    this.asked = true;
    this.#failed = failed ?? this.#failed;
  }

  /** What to look at now; undefined when the hour's budget is spent. */
  begin(now: number, treeSerial: number, full = false): ProbeJob | undefined {
    this.running = true;
    this.jitter = this.#source.random();
    this.#turn += 1;
    const evidence = full ? undefined : this.#evidence.next(now);
    if (evidence !== undefined) {
      const { checks } = evidence;
      return {
        ...this.#job(this.health.serial),
        askSerial: false,
        everyWay: true,
        trySeveral: false,
        evidence,
        checks: () => checks,
      };
    }
    const { asked } = this;
    this.asked = false;
    const current = this.mirror.kind === 'always-current';
    const due = asked || serialDue(this, this.#deps.settings, now);
    const askSerial = !current && due;
    this.probedAt = now;
    const serial = current ? treeSerial : this.health.serial;
    if (!askSerial && serial === 0 && !current) return undefined;
    if (askSerial) this.serialAt = now;
    if (!this.#budget.hasLeft(now)) return undefined;
    const everyWay = full || !this.health.healthy || now - this.#everyWayAt >= everyWayInterval;
    if (everyWay) this.#everyWayAt = now;
    const trySeveral = everyWay || this.health.severalParts === undefined;
    const job = { ...this.#job(serial), askSerial, everyWay, trySeveral };
    if (full || this.health.needs === 'full-check') {
      return { ...job, full: true, checks: (known) => this.#checks.full(known, this.#failed) };
    }
    return { ...job, checks: (known) => this.#checks.ordinary(known, this.#checkedState(now), now) };
  }

  /** Nothing has been heard of it in a visit that should have ended by now. What the visit finds still counts. */
  miss({ at, monotonic: now }: Moment): void {
    const { healthy } = this.health;
    const reason = 'timeout: it has not answered in time';
    this.health = afterProbe(this.health, { ok: false, wrongBytes: false, reason }, at);
    if (this.health.healthy !== healthy) this.changedAt = now;
  }

  /** Takes in what a probe found. `treeSerial` is the tree's now. */
  finish(finding: ProbeFinding, job: ProbeJob, treeSerial: number, moment: Moment): void {
    const { at, monotonic: now } = moment;
    this.#budget.spend(finding, now);
    this.#proved ||= finding.ok;
    this.#trusted = !finding.ok && finding.unreachable === true && this.#mayBeTrusted();
    const { healthy } = this.health;
    this.health = afterProbe(this.health, this.#verdictOn(finding, job, treeSerial, at), at);
    if (this.health.healthy !== healthy) this.changedAt = now;
    if (!this.health.healthy) this.#evidence.clear();
    else if (job.evidence !== undefined) this.#evidence.refuted(job.evidence, finding.ok, now);
    this.#failed = this.health.healthy ? undefined : (failedOn(finding) ?? this.#failed);
    this.noteSerial(treeSerial, now);
  }

  end(): void {
    this.running = false;
  }

  /** The tree has reached a serial. */
  noteSerial(treeSerial: number, now: number): void {
    const word = this.#wordOn(treeSerial);
    if (word !== undefined && this.health.serial !== word) this.health = { ...this.health, serial: word };
    this.behindSince = this.health.serial < treeSerial ? (this.behindSince ?? now) : undefined;
  }

  /** The serial of a mirror that is not asked for it. */
  #wordOn(treeSerial: number): number | undefined {
    if (this.#trusted) return this.#reported && Math.min(this.#reported, treeSerial);
    return this.mirror.kind === 'always-current' && this.health.healthy ? treeSerial : undefined;
  }

  /** What was caught with wrong bytes, or could be reached once, does not come back by being out of reach. */
  #mayBeTrusted(): boolean {
    return this.mirror.kind === 'private' && !this.#proved && this.health.needs !== 'full-check';
  }

  #verdictOn(finding: ProbeFinding, job: ProbeJob, treeSerial: number, now: number): ProbeVerdict {
    if (this.#trusted) {
      const serial = this.#wordOn(treeSerial);
      return serial === undefined ? silentOn(this.mirror) : { ok: true, full: false, serial };
    }
    if (finding.ok) {
      return { ok: true, full: job.full, ...this.#facts.after(this.health, finding, job.askSerial, now) };
    }
    return { ok: false, wrongBytes: finding.wrongBytes, reason: finding.reason };
  }

  #job(serial: number) {
    return {
      mirror: this.mirror,
      serial,
      full: false,
      turn: this.#turn,
      newest: (above: number, upTo: number) => newChecks(this.#source, above, upTo),
      instead: (known: number) => this.#checks.instead(known),
    };
  }

  #checkedState(now: number): CheckedState {
    return { failed: this.#failed, active: isActive(this, now), recent: this.#recent, turn: this.#turn };
  }
}

/** Nobody can look, and it has said nothing. */
function silentOn({ name }: Mirror): ProbeVerdict {
  const reason = `it cannot be probed from here, and has not reported what it holds: run "signpost report ${name} --tree <folder>" there after each sync`;
  return { ok: false, wrongBytes: false, reason };
}

/** What the mirror must pass to come back. A HEAD would be too easily passed. */
function failedOn(finding: ProbeFinding): StoredMirrorState['failed'] {
  if (finding.ok || finding.failed === undefined) return undefined;
  const { target, range, how } = finding.failed;
  return how === 'whole' ? { target, range, how } : { target, range };
}

/** What outlives a restart: the serial is asked for anew, and a mirror proves again that it is there. */
function kept(stored: StoredMirrorState | undefined): Partial<MirrorHealth> {
  if (stored === undefined) return {};
  const { needs, flips, ipv4, ipv6, urls, responseTime, severalParts, certificate } = stored;
  return {
    needs,
    flips,
    ...(ipv4 === undefined ? {} : { ipv4 }),
    ...(ipv6 === undefined ? {} : { ipv6 }),
    ...(urls === undefined ? {} : { urls }),
    ...(responseTime === undefined ? {} : { responseTime }),
    ...(severalParts === undefined ? {} : { severalParts }),
    ...(certificate === undefined ? {} : { certificate }),
  };
}
