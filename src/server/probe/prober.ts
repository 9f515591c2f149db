import { isDeepStrictEqual } from 'node:util';
import type { Mirror, MirrorId } from '../../mirrors/mirror.ts';
import type { MirrorHealth, MirrorState } from '../../mirrors/mirror-state.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MirrorEvent, MirrorHistory } from '../../ports/mirror-history.ts';
import type { MirrorProbe, ProbeTarget, FailureReport } from '../../ports/mirror-probe.ts';
import type { MirrorStates, StoredMirrorState } from '../../ports/mirror-states.ts';
import type { TreeReader } from '../../ports/tree.ts';
import { createHealthChanges } from './health-changes.ts';
import { momentOf } from './moment.ts';
import { ProbedMirror } from './probed-mirror.ts';
import type { RankedMirrors } from './stand-ins.ts';
import { probeMirror } from './probe-mirror.ts';
import { type ProbeFinding, type ProbeJob } from './visit.ts';
import { isActive, probeDue, type ProbeSettings } from './schedule.ts';
import { Silence } from './silence.ts';
import { VisitPool } from './visit-pool.ts';

/** Keeps every mirror's state by probing it, driven by where clients are sent and by what they ask for again. */
export interface Prober {
  /** The state of every enabled mirror. */
  states(): ReadonlyMap<MirrorId, MirrorState>;
  /** When the last finished probe of a mirror began, in milliseconds since the epoch; undefined before the first. */
  checkedAt(mirror: MirrorId): number | undefined;
  /**
   * A client was sent to a mirror. Synchronous and cheap.
   * @param ranked the mirror, and those that the client would be sent to without it, if that is known
   */
  onSent(mirror: MirrorId, target: ProbeTarget, ranked?: RankedMirrors): void;
  /** A client probably failed at a mirror. Synchronous and cheap. */
  onSuspect(mirror: MirrorId, failureReport: FailureReport): void;
  /**
   * A mirror's people say that it has synced, up to `serial` if they say so: it is probed within a second, and what it
   * holds is what the probe finds. The word of a private mirror that cannot be probed is all there is to go by.
   * False when it is not: there is no such mirror, it is disabled, or it was found to be one that cannot be probed.
   */
  probeNow(mirror: MirrorId, serial?: number): boolean;
  /** Somebody else has found mirrors to be otherwise: each is probed, beginning with what it failed on there. */
  look(found: ReadonlyMap<MirrorId, Pick<StoredMirrorState, 'failed'>>): void;
  /** Replaces the mirrors. New ones are probed at once; those whose URLs changed count as new. */
  setMirrors(mirrors: readonly Mirror[]): void;
  /** `callback` runs soon after states have changed; changes close together are told once. */
  onChange(callback: () => void): void;
  /** `callback` gets what has happened to mirrors, each event once. */
  onEvent(callback: (event: MirrorEvent) => void): void;
  start(): void;
  /** Ends all probes and saves the states. Nothing runs any more when it has resolved. */
  stop(): Promise<void>;
}

export interface ProberDeps {
  readonly probe: MirrorProbe;
  readonly tree: Pick<TreeReader, 'readBlob'>;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
  readonly states: MirrorStates;
  readonly history: Pick<MirrorHistory, 'add' | 'prune'>;
  readonly settings: ProbeSettings;
  /** A random blob that the mirror carries and that was published at `serial` or before. Cheap. */
  readonly pickTarget: (mirror: Mirror, serial: number) => ProbeTarget | undefined;
  /** A blob that the mirror carries, published after `above` and at `upTo` or before, among the newest. Cheap. */
  readonly pickNewest: (mirror: Mirror, above: number, upTo: number) => ProbeTarget | undefined;
  /** The publication serial of the tree now. Cheap: it is polled. */
  readonly treeSerial: () => number;
  /** Told of what each probe found, for counts. */
  readonly onProbed?: (mirror: MirrorId, finding: ProbeFinding, now: number) => void;
  /** From 0 (included) to 1 (excluded). */
  readonly random?: () => number;
}

const tickInterval = 200;
const saveInterval = 1000;
/**
 * Makes a prober that knows what the last one knew.
 * @throws SignpostError STORAGE
 */
export async function createProber(deps: ProberDeps): Promise<Prober> {
  const { clock, log, settings } = deps;
  const mirrors = new Map<MirrorId, ProbedMirror>();
  /** States of mirrors that are not being probed: from the last run, or of disabled ones. */
  const remembered = new Map<MirrorId, StoredMirrorState>(await deps.states.load());
  const visits = new VisitPool();
  const silence = new Silence<ProbedMirror>();
  const changes = createHealthChanges(deps);
  const stopping = new AbortController();
  const timers: NodeJS.Timeout[] = [];
  const probing = {
    ...deps,
    // The settings may change while this runs.
    get probeTimeout() {
      return settings.probeTimeout;
    },
  };
  let knownSerial = deps.treeSerial();
  let started = false;

  /** Begins a visit when there is room for it. */
  function launch(mirror: ProbedMirror, urgent: boolean): void {
    visits.launch(() => run(mirror), urgent);
  }

  async function run(mirror: ProbedMirror): Promise<void> {
    try {
      const begun = clock.now();
      const job = mirror.begin(clock.monotonic(), deps.treeSerial());
      if (job === undefined) return;
      const finding = await visit(mirror, job);
      if (stopping.signal.aborted || mirrors.get(mirror.mirror.id) !== mirror) return;
      deps.onProbed?.(mirror.mirror.id, finding, clock.now());
      const before = mirror.health;
      mirror.finish(finding, job, deps.treeSerial(), momentOf(clock));
      changed(mirror, before);
      // A look at what clients failed on is not the probe that a report has asked for.
      if (job.evidence === undefined) mirror.checkedAt = begun;
    } catch (error) {
      // What goes wrong here is the origin's fault, and says nothing about the mirror.
      log.error('cannot probe a mirror', { mirror: mirror.mirror.name, error });
    } finally {
      mirror.end();
      if (!stopping.signal.aborted && mirror.evidenceDue(clock.monotonic())) launch(mirror, true);
    }
  }

  async function visit(mirror: ProbedMirror, job: ProbeJob): Promise<ProbeFinding> {
    silence.begin(mirror, clock.monotonic());
    try {
      return await probeMirror(probing, job, stopping.signal, () => silence.end(mirror));
    } finally {
      silence.end(mirror);
    }
  }

  /** A mirror that says nothing does not keep its clients until the last way to it has been tried. */
  function missSilent(now: number): void {
    for (const mirror of silence.takeOverdue(now, settings.probeTimeout)) {
      if (mirrors.get(mirror.mirror.id) !== mirror || !isUrgent(mirror, now)) continue;
      const before = mirror.health;
      mirror.miss(momentOf(clock));
      changed(mirror, before);
    }
  }

  function changed(mirror: ProbedMirror, before: MirrorHealth): void {
    changes.note(mirror, before);
    if (before.healthy && !mirror.health.healthy) {
      silence.noteOut(clock.monotonic());
      expectClients(mirror);
    }
  }

  /** A mirror's clients are about to be sent to others, which may have been idle: they are probed first of all. */
  function expectClients(gone: ProbedMirror): void {
    const now = clock.monotonic();
    if (!isActive(gone, now)) return;
    for (const id of gone.standIns()) {
      const mirror = mirrors.get(id);
      mirror?.expectClients(now);
      if (mirror !== undefined) launchInUse(mirror, now);
    }
  }

  function launchInUse(mirror: ProbedMirror, now: number): void {
    const waiting = started && !mirror.running && now - mirror.probedAt >= settings.probeInterval;
    if (waiting && mirror.health.healthy) launch(mirror, true);
  }

  function tick(): void {
    const now = clock.monotonic();
    noteSerial(now);
    missSilent(now);
    const due = [...mirrors.values()]
      .filter(
        (mirror) =>
          !mirror.running &&
          (mirror.evidenceDue(now) || probeDue(mirror, settings, now) <= now || isDoubtful(mirror, now)),
      )
      .map((mirror) => ({ mirror, urgent: mirror.evidenceDue(now) || isUrgent(mirror, now) }))
      .sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.mirror.probedAt - b.mirror.probedAt);
    for (const { mirror, urgent } of due) {
      launch(mirror, urgent);
    }
  }

  function noteSerial(now: number): void {
    const serial = deps.treeSerial();
    if (serial === knownSerial) return;
    knownSerial = serial;
    for (const mirror of mirrors.values()) {
      const before = mirror.health;
      mirror.noteSerial(serial, now);
      changed(mirror, before);
    }
  }

  return {
    states: () => new Map([...mirrors].map(([id, mirror]) => [id, mirror.health])),
    checkedAt: (id) => mirrors.get(id)?.checkedAt,
    onSent(id, target, ranked) {
      const mirror = mirrors.get(id);
      if (mirror === undefined) return;
      const now = clock.monotonic();
      mirror.sentTo(target, now, ranked);
      launchInUse(mirror, now);
    },
    onSuspect(id, failureReport) {
      const mirror = mirrors.get(id);
      if (mirror === undefined) return;
      const now = clock.monotonic();
      mirror.suspect(failureReport, now);
      if (started && !mirror.running && mirror.evidenceDue(now)) launch(mirror, true);
    },
    probeNow(id, serial) {
      const mirror = mirrors.get(id);
      if (mirror === undefined) return false;
      const before = mirror.health;
      mirror.report(serial, knownSerial, clock.monotonic());
      changed(mirror, before);
      return !mirror.isTrusted;
    },
    look(found) {
      for (const [id, { failed }] of found) mirrors.get(id)?.lookAt(failed);
    },
    setMirrors(list) {
      const now = momentOf(clock);
      const present = new Map(list.map((mirror) => [mirror.id, mirror]));
      for (const [id, probed] of mirrors) {
        const mirror = present.get(id);
        const sameUrls = isDeepStrictEqual(mirror?.urls, probed.mirror.urls);
        if (mirror?.enabled === true && sameUrls) continue;
        mirrors.delete(id);
        expectClients(probed);
        if (sameUrls) remembered.set(id, probed.stored());
      }
      for (const mirror of list.filter(({ enabled }) => enabled)) {
        const probed = mirrors.get(mirror.id);
        if (probed === undefined) {
          const fresh = new ProbedMirror(mirror, remembered.get(mirror.id), deps, knownSerial, now);
          remembered.delete(mirror.id);
          mirrors.set(mirror.id, fresh);
          changes.keep(fresh);
        } else probed.mirror = mirror;
      }
      for (const id of remembered.keys()) if (!present.has(id)) remembered.delete(id);
      changes.raise();
      if (started) tick();
    },
    onChange: (callback) => changes.onChange(callback),
    onEvent: (callback) => changes.onEvent(callback),
    start() {
      started = true;
      timers.push(
        setInterval(tick, tickInterval).unref(),
        setInterval(() => void changes.save(), saveInterval).unref(),
      );
      tick();
    },
    async stop() {
      started = false;
      stopping.abort();
      timers.forEach(clearInterval);
      changes.stop();
      await visits.settle();
      await changes.save();
    },
  };

  /** Clients are sent there, or will be as soon as those that they are sent to now have gone out like many others. */
  function isUrgent(mirror: ProbedMirror, now: number): boolean {
    return mirror.health.healthy && (isActive(mirror, now) || silence.isOutage(now));
  }

  /** While many mirrors go out, idle ones are looked at as often as those in use: they may have gone with them. */
  function isDoubtful(mirror: ProbedMirror, now: number): boolean {
    return mirror.health.healthy && silence.isOutage(now) && now - mirror.probedAt >= settings.probeInterval;
  }
}
