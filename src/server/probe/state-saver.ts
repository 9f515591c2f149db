import type { MirrorId } from '../../mirrors/mirror.ts';
import type { Log } from '../../ports/log.ts';
import type { MirrorStates, StoredMirrorState } from '../../ports/mirror-states.ts';

/** Keeps changed states until they are written. */
export interface StateSaver {
  set(mirror: MirrorId, state: StoredMirrorState): void;
  /** Writes what has changed. What cannot be written is logged, and tried again the next time. */
  save(): Promise<void>;
}

export function createStateSaver(states: Pick<MirrorStates, 'save'>, log: Log): StateSaver {
  const unsaved = new Map<MirrorId, StoredMirrorState>();
  let saving: Promise<void> | undefined;

  async function saveChanges(changes: ReadonlyMap<MirrorId, StoredMirrorState>): Promise<void> {
    try {
      await states.save(changes);
    } catch (error) {
      for (const [id, state] of changes) if (!unsaved.has(id)) unsaved.set(id, state);
      log.error('cannot save the states of mirrors', { error });
    }
  }

  return {
    set: (mirror, state) => void unsaved.set(mirror, state),
    async save() {
      // One at a time: an older state must not come after a newer one.
      await saving;
      if (unsaved.size === 0) return;
      const changes = new Map(unsaved);
      unsaved.clear();
      saving = saveChanges(changes);
      await saving;
    },
  };
}
