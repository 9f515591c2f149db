import { changesBetween } from '../../mirrors/mirror-events.ts';
import type { MirrorHealth } from '../../mirrors/mirror-state.ts';
import type { Clock, MonotonicClock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { MirrorEvent, MirrorHistory } from '../../ports/mirror-history.ts';
import type { MirrorStates } from '../../ports/mirror-states.ts';
import { createChangeNotice } from './change-notice.ts';
import { createEventRecorder } from './event-recorder.ts';
import type { ProbedMirror } from './probed-mirror.ts';
import { createStateSaver } from './state-saver.ts';

/** What follows when the health of mirrors changes: it is kept, logged and told. */
export interface HealthChanges {
  /** Takes in that a mirror may be other than it was `before`. */
  note(mirror: ProbedMirror, before: MirrorHealth): void;
  /** Keeps the state of a mirror that is new here. */
  keep(mirror: ProbedMirror): void;
  /** Tells that there are other mirrors, or that they are otherwise. */
  raise(): void;
  onChange(callback: () => void): void;
  onEvent(callback: (event: MirrorEvent) => void): void;
  /** Writes what has come since. It never rejects: what could not be written is tried again. */
  save(): Promise<void>;
  /** Tells nothing more. */
  stop(): void;
}

const noticeDelay = 20;

export function createHealthChanges(deps: {
  readonly states: MirrorStates;
  readonly history: Pick<MirrorHistory, 'add' | 'prune'>;
  readonly clock: Clock & MonotonicClock;
  readonly log: Log;
}): HealthChanges {
  const { clock, log } = deps;
  const unsaved = createStateSaver(deps.states, log);
  const notice = createChangeNotice(noticeDelay, log);
  const recorder = createEventRecorder(deps);

  return {
    note(mirror, before) {
      const { health } = mirror;
      if (health === before) return;
      const { id, name } = mirror.mirror;
      unsaved.set(id, mirror.stored());
      for (const change of changesBetween(before, health)) {
        recorder.add({ ...change, mirror: id, at: clock.now() });
        const fields = { mirror: name, serial: health.serial };
        if (change.kind === 'in') log.info('mirror is in', fields);
        else if (!health.healthy) log.warn('mirror is out', { ...fields, reason: change.detail });
        else log.warn('mirror needs attention', { ...fields, kind: change.kind, reason: change.detail });
      }
      notice.raise();
    },
    keep: (mirror) => unsaved.set(mirror.mirror.id, mirror.stored()),
    raise: () => notice.raise(),
    onChange: (callback) => notice.listen(callback),
    onEvent: (callback) => recorder.listen(callback),
    async save() {
      const recorded = recorder.save();
      await unsaved.save();
      await recorded;
    },
    stop: () => notice.stop(),
  };
}
