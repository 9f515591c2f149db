import type { DatabaseSync } from 'node:sqlite';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { Mirror, MirrorId, NewMirror } from '../../../mirrors/mirror.ts';
import { describeMirror } from '../../../mirrors/mirror-description.ts';
import type { MirrorRegistry } from '../../../ports/mirror-registry.ts';
import { addedMirror, changedMirror, removedMirror } from '../audited-changes.ts';
import { createAuditWriter } from './audit-log.ts';
import { createDataVersion } from './data-version.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';
import { readMirrorDescription } from './mirror-description.ts';

/** The mirrors in the database: the description is JSON, so that a new property needs no new column. */
export function createMirrorRegistry(
  database: DatabaseSync,
  /** Gives others their turn while mirrors are read. */
  pause: () => Promise<void> = () => Promise.resolve(),
): MirrorRegistry {
  const list = database.prepare('SELECT id, description FROM mirrors ORDER BY name');
  const insert = database.prepare('INSERT INTO mirrors (name, description) VALUES (?, ?)');
  const update = database.prepare('UPDATE mirrors SET name = ?, description = ? WHERE id = ?');
  const remove = database.prepare('DELETE FROM mirrors WHERE id = ?');
  const find = database.prepare('SELECT id, description FROM mirrors WHERE id = ?');
  const version = createDataVersion(database);
  // Whoever watches lists them after every commit, and hardly any has changed: to read a thousand anew takes milliseconds.
  let known = new Map<number, { readonly text: string; readonly mirror: Mirror }>();
  const writeAudit = createAuditWriter(database);
  const check = (expected: Mirror) => {
    const row = find.get(expected.id);
    if (row === undefined) throw notFound(expected.id);
    // Read again and not compared as text: an older version may have written it.
    if (descriptionOf(readRow(row)) !== descriptionOf(expected)) throw changed(expected);
  };
  return {
    async list() {
      const rows = await withDatabase('read the mirrors', () => list.all());
      const now: typeof known = new Map();
      for (const row of rows) {
        const text = String(row.description);
        const same = known.get(Number(row.id));
        const read = same?.text === text ? same : { text, mirror: readRow(row) };
        now.set(read.mirror.id, read);
        if (read !== same) await pause();
      }
      known = now;
      return [...now.values()].map(({ mirror }) => mirror);
    },
    add: (mirror, by) =>
      withUniqueName(mirror.name, () =>
        inTransaction(database, () => {
          const { lastInsertRowid } = insert.run(mirror.name, descriptionOf(mirror));
          writeAudit(by, addedMirror(mirror));
          return { ...mirror, id: Number(lastInsertRowid) as MirrorId };
        }),
      ),
    update: (before, after, by) =>
      withUniqueName(after.name, () =>
        inTransaction(database, () => {
          check(before);
          const change = changedMirror(before, after);
          if (change === undefined) return;
          update.run(after.name, descriptionOf(after), before.id);
          writeAudit(by, change);
        }),
      ),
    remove: (mirror, by) =>
      withDatabase('remove a mirror', () =>
        inTransaction(database, () => {
          check(mirror);
          remove.run(mirror.id);
          writeAudit(by, removedMirror(mirror));
        }),
      ),
    version: () => withDatabase('read its version', version),
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

function changed({ name }: Mirror): SignpostError {
  return new SignpostError('LOCKED', `the mirror ${quote(name)} has changed meanwhile: look at it again`);
}

/** SQLITE_CONSTRAINT_UNIQUE (sqlite.org/rescode.html). */
const uniqueViolation = 2067;

function withUniqueName<T>(name: string, work: () => T): Promise<T> {
  return withDatabase('write a mirror', () => {
    try {
      return work();
    } catch (cause) {
      if ((cause as { errcode?: unknown }).errcode !== uniqueViolation) throw cause;
      throw new SignpostError('USAGE', `there is a mirror named ${quote(name)} already`, { cause });
    }
  });
}
