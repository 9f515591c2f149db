import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorStates, StoredMirrorState } from '../../src/ports/mirror-states.ts';

/** Mirror states in memory; `exists` says which mirrors the registry has. */
export function createMemoryMirrorStates(
  exists: (id: MirrorId) => Promise<boolean> = () => Promise.resolve(true),
): MirrorStates {
  const states = new Map<MirrorId, StoredMirrorState>();
  return {
    async load() {
      for (const id of states.keys()) if (!(await exists(id))) states.delete(id);
      return new Map(states);
    },
    async save(changes) {
      for (const [id, state] of changes) if (await exists(id)) states.set(id, structuredClone(state));
    },
  };
}
