import type { MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorHistory, StoredMirrorEvent } from '../../src/ports/mirror-history.ts';

/** A MirrorHistory in memory; `exists` says which mirrors the registry has. */
export function createMemoryMirrorHistory(exists: (id: MirrorId) => boolean = () => true): MirrorHistory {
  let events: readonly StoredMirrorEvent[] = [];
  let lastId = 0;
  return {
    async add(added) {
      const known = added.filter(({ mirror }) => exists(mirror));
      events = [...events, ...known.map((event) => ({ ...event, id: ++lastId }))];
    },
    list: async (mirror, { limit, before = Infinity }) =>
      events
        .filter((event) => event.mirror === mirror && event.id < before && exists(mirror))
        .toReversed()
        .slice(0, limit),
    async prune({ since, most }) {
      const placeOf = ({ mirror, id }: StoredMirrorEvent) =>
        events.filter((event) => event.mirror === mirror && event.id > id).length;
      events = events.filter(({ at }) => at >= since);
      events = events.filter((event) => placeOf(event) < most);
    },
  };
}
