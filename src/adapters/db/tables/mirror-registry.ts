import { describeMirror } from '../../../mirrors/mirror-description.ts';
import type { Mirror, MirrorId, NewMirror } from '../../../mirrors/mirror.ts';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { MirrorRegistry } from '../../../ports/mirror-registry.ts';
import { type Database, type Row, type Work, run } from '../database.ts';
import { writeAudit } from './audit-log.ts';
import { addedMirror, changedMirror, removedMirror } from './audited-changes.ts';
import { readMirrorDescription } from './mirror-description.ts';

/** The mirrors in the database: the description is JSON, so that a new property needs no new column. */
export function createMirrorRegistry(
  database: Database,
  /** Gives others their turn while mirrors are read. */
  pause: () => Promise<void> = () => Promise.resolve(),
): MirrorRegistry {
  // Whoever watches lists them after every commit, and hardly any has changed: to read a thousand anew takes milliseconds.
  let known = new Map<number, { readonly text: string; readonly mirror: Mirror }>();
  return {
    async list() {
      const sql = 'SELECT id, description FROM mirrors ORDER BY name';
      const rows = await database.read('read the mirrors', sql);
      const now: typeof known = new Map();
      for (const row of rows) {
        const text = String(row.description);
        const same = known.get(Number(row.id));
        const read = same?.text === text ? same : { text, mirror: readMirror(row) };
        now.set(read.mirror.id, read);
        if (read !== same) await pause();
      }
      known = now;
      return [...now.values()].map(({ mirror }) => mirror);
    },
    // Writers take turns, so that what they look at first stays as it is until they have written.
    add: (mirror, by) =>
      database.write('write a mirror', function* () {
        yield* refuseNameOfAnother(mirror.name);
        const sql = 'INSERT INTO mirrors (name, description) VALUES ($1, $2) RETURNING id';
        const [row] = yield* run(sql, [mirror.name, descriptionOf(mirror)]);
        yield* writeAudit(by, [addedMirror(mirror)]);
        return { ...mirror, id: Number(row?.id) as MirrorId };
      }),
    update: (before, after, by) =>
      database.write('write a mirror', function* () {
        yield* refuseChanged(before);
        const change = changedMirror(before, after);
        if (change === undefined) return;
        yield* refuseNameOfAnother(after.name, before.id);
        const sql = 'UPDATE mirrors SET name = $1, description = $2 WHERE id = $3';
        yield* run(sql, [after.name, descriptionOf(after), before.id]);
        yield* writeAudit(by, [change]);
      }),
    remove: (mirror, by) =>
      database.write('remove a mirror', function* () {
        yield* refuseChanged(mirror);
        yield* run('DELETE FROM mirrors WHERE id = $1', [mirror.id]);
        yield* writeAudit(by, [removedMirror(mirror)]);
      }),
    version: () => database.version(),
  };
}

function* refuseChanged(expected: Mirror): Work<void> {
  const [row] = yield* run('SELECT id, description FROM mirrors WHERE id = $1', [expected.id]);
  if (row === undefined) {
    throw new SignpostError(
      'NOT_FOUND',
      `there is no mirror with number ${expected.id}: it has been removed`,
    );
  }
  // Read again and not compared as text: an older version may have written it.
  if (descriptionOf(readMirror(row)) === descriptionOf(expected)) return;
  const name = quote(expected.name);
  throw new SignpostError('LOCKED', `the mirror ${name} has changed meanwhile: look at it again`);
}

function* refuseNameOfAnother(name: string, own = -1): Work<void> {
  const [row] = yield* run('SELECT id FROM mirrors WHERE name = $1 AND id <> $2', [name, own]);
  if (row !== undefined) throw new SignpostError('USAGE', `there is a mirror named ${quote(name)} already`);
}

function descriptionOf(mirror: NewMirror): string {
  return JSON.stringify(describeMirror(mirror));
}

function readMirror(row: Row): Mirror {
  return { ...readMirrorDescription(String(row.description)), id: Number(row.id) as MirrorId };
}
