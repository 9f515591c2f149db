import { isDeepStrictEqual } from 'node:util';
import { SignpostError } from '../../src/oci/errors.ts';
import type { Mirror, MirrorId } from '../../src/mirrors/mirror.ts';
import type { MirrorRegistry } from '../../src/ports/mirror-registry.ts';
import { addedMirror, changedMirror, removedMirror } from '../../src/adapters/db/tables/audited-changes.ts';
import { createMemoryAuditLog } from './memory-audit-log.ts';

/** A MirrorRegistry in memory. */
export function createMemoryMirrorRegistry(audit = createMemoryAuditLog()): MirrorRegistry {
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
  const check = (expected: Mirror) => {
    const { id } = expected;
    const mirror = mirrors.get(id);
    if (mirror === undefined) throw new SignpostError('NOT_FOUND', `there is no mirror with number ${id}`);
    if (!isDeepStrictEqual(mirror, expected)) {
      throw new SignpostError('LOCKED', `the mirror "${mirror.name}" has changed meanwhile`);
    }
  };
  return {
    list: async () => [...mirrors.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    add: async (mirror, by) => {
      checkName(mirror.name, undefined);
      audit.append(by, addedMirror(mirror));
      lastId += 1;
      version += 1;
      const added = { ...mirror, id: lastId as MirrorId };
      mirrors.set(added.id, added);
      return added;
    },
    update: async (before, after, by) => {
      check(before);
      checkName(after.name, before.id);
      const change = changedMirror(before, after);
      if (change === undefined) return;
      audit.append(by, change);
      version += 1;
      mirrors.set(before.id, { ...after, id: before.id });
    },
    remove: async (mirror, by) => {
      check(mirror);
      audit.append(by, removedMirror(mirror));
      version += 1;
      mirrors.delete(mirror.id);
    },
    version: async () => version,
  };
}
