import type { DatabaseSync } from 'node:sqlite';
import { quote } from '../../oci/digest.ts';
import { SignpostError, isSignpostError } from '../../oci/errors.ts';
import type { Mirror, MirrorId, NewMirror } from '../../mirrors/mirror.ts';
import { describeMirror } from '../../mirrors/mirror-description.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import { readMirrorDescription } from './mirror-description.ts';

/** The mirrors in the database: the description is JSON, so that a new property needs no new column. */
export function createMirrorRegistry(database: DatabaseSync): MirrorRegistry {
  const list = database.prepare('SELECT id, description FROM mirrors ORDER BY name');
  const insert = database.prepare('INSERT INTO mirrors (name, description) VALUES (?, ?)');
  const update = database.prepare('UPDATE mirrors SET name = ?, description = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM mirrors WHERE id = ?');
  // The first counts commits of other connections, the second what this one has changed. Both only grow.
  const others = database.prepare('PRAGMA data_version');
  const own = database.prepare('SELECT total_changes() AS changes');
  return {
    list: () => guard(() => list.all().map(readRow)),
    add: (mirror) => {
      const { lastInsertRowid } = guard(() => insert.run(mirror.name, descriptionOf(mirror)), mirror.name);
      return { ...mirror, id: Number(lastInsertRowid) as MirrorId };
    },
    update: (mirror) => {
      const { changes } = guard(() => update.run(mirror.name, descriptionOf(mirror), mirror.id), mirror.name);
      if (changes === 0) throw notFound(mirror.id);
    },
    remove: (id) => {
      const { changes } = guard(() => remove.run(id));
      if (changes === 0) throw notFound(id);
    },
    version: () => guard(() => Number(others.get()?.data_version ?? 0) + Number(own.get()?.changes ?? 0)),
  };
}

function descriptionOf(mirror: NewMirror): string {
  return JSON.stringify(describeMirror(mirror));
}

function readRow(row: Record<string, unknown>): Mirror {
  return { ...readMirrorDescription(String(row.description)), id: Number(row.id) as MirrorId };
}

function notFound(id: MirrorId): SignpostError {
  return new SignpostError('NOT_FOUND', `there is no mirror with number ${id}: it has been removed`);
}

/** SQLITE_CONSTRAINT_UNIQUE (sqlite.org/rescode.html). */
const uniqueViolation = 2067;

function guard<T>(work: () => T, name?: string): T {
  try {
    return work();
  } catch (cause) {
    if (isSignpostError(cause)) throw cause;
    const { message, errcode } = cause as Error & { errcode?: number };
    if (errcode === uniqueViolation) {
      throw new SignpostError('USAGE', `there is a mirror named ${quote(name)} already`, { cause });
    }
    throw new SignpostError('STORAGE', `the mirrors cannot be read or written: ${message}`, { cause });
  }
}
