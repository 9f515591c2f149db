import { isDeepStrictEqual } from 'node:util';
import { SignpostError } from '../../src/oci/errors.ts';
import type { Mirror, MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorRegistry } from '../../src/ports/mirror-registry.ts';

/** A MirrorRegistry in memory. */
export function createMemoryMirrorRegistry(): MirrorRegistry {
  const mirrors = new Map<MirrorId, Mirror>();
  let lastId = 0;
  let version = 0;
  const checkName = (name: string, id: MirrorId | undefined) => {
    for (const mirror of mirrors.values()) {
      if (mirror.name === name && mirror.id !== id) {
        throw new SignpostError('USAGE', `there is a mirror named "${name}" already`);
      }
    }
  };
  const check = (id: MirrorId, expected: Mirror | undefined) => {
    const mirror = mirrors.get(id);
    if (mirror === undefined) throw new SignpostError('NOT_FOUND', `there is no mirror with number ${id}`);
    if (expected !== undefined && !isDeepStrictEqual(mirror, expected)) {
      throw new SignpostError('LOCKED', `the mirror "${mirror.name}" has changed meanwhile`);
    }
  };
  return {
    list: async () => [...mirrors.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    add: async (mirror) => {
      checkName(mirror.name, undefined);
      lastId += 1;
      version += 1;
      const added = { ...mirror, id: lastId as MirrorId };
      mirrors.set(added.id, added);
      return added;
    },
    update: async (mirror, expected) => {
      check(mirror.id, expected);
      checkName(mirror.name, mirror.id);
      version += 1;
      mirrors.set(mirror.id, mirror);
    },
    remove: async (id, expected) => {
      check(id, expected);
      version += 1;
      mirrors.delete(id);
    },
    version: async () => version,
  };
}
