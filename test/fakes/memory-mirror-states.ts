import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorStates, StoredMirrorState } from '../../src/ports/mirror-states.ts';

/** Mirror states in memory; `exists` says which mirrors the registry has. */
export function createMemoryMirrorStates(exists: (id: MirrorId) => boolean = () => true): MirrorStates {
  const states = new Map<MirrorId, StoredMirrorState>();
  return {
    load: () => new Map([...states].filter(([id]) => exists(id))),
    save: (changes) => {
      for (const [id, state] of changes) if (exists(id)) states.set(id, structuredClone(state));
    },
  };
}
