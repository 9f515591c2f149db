import { describeMirror } from '../../../mirrors/mirror-description.ts';
import type { Mirror, MirrorId, NewMirror } from '../../../mirrors/mirror.ts';
import { quote } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import type { MirrorRegistry } from '../../../ports/mirror-registry.ts';
import { addedMirror, changedMirror, removedMirror } from '../audited-changes.ts';
import { readMirrorDescription } from '../sqlite/mirror-description.ts';
import { writeAudit } from './audit-log.ts';
import type { PostgresDatabase, Query } from './database.ts';

/** The mirrors in the database: the description is JSON, so that a new property needs no new column. */
export function createPostgresMirrorRegistry(database: PostgresDatabase): MirrorRegistry {
  const write = <T>(name: string, work: (query: Query) => Promise<T>) =>
    database.write('write a mirror', (query) => withUniqueName(name, () => work(query)));
  return {
    async list() {
      const sql = 'SELECT id, description FROM mirrors ORDER BY name';
      return (await database.read('read the mirrors', sql)).map((row) => ({
        ...readMirrorDescription(String(row.description)),
        id: Number(row.id) as MirrorId,
      }));
    },
    add: (mirror, by) =>
      write(mirror.name, async (query) => {
        const sql = 'INSERT INTO mirrors (name, description) VALUES ($1, $2) RETURNING id';
        const { rows } = await query(sql, [mirror.name, descriptionOf(mirror)]);
        await writeAudit(query, by, addedMirror(mirror));
        return { ...mirror, id: Number(rows[0]?.id) as MirrorId };
      }),
    update: (before, after, by) =>
      write(after.name, async (query) => {
        await check(query, before);
        const change = changedMirror(before, after);
        if (change === undefined) return;
        const sql = 'UPDATE mirrors SET name = $1, description = $2 WHERE id = $3';
        await query(sql, [after.name, descriptionOf(after), before.id]);
        await writeAudit(query, by, change);
      }),
    remove: (mirror, by) =>
      database.write('remove a mirror', async (query) => {
        await check(query, mirror);
        await query('DELETE FROM mirrors WHERE id = $1', [mirror.id]);
        await writeAudit(query, by, removedMirror(mirror));
      }),
    async version() {
      const [row] = await database.read('read its version', 'SELECT value FROM data_version');
      return Number(row?.value);
    },
  };
}

/** Writers take turns, so that nobody changes it between this and the change. */
async function check(query: Query, expected: Mirror): Promise<void> {
  const { rows } = await query('SELECT description FROM mirrors WHERE id = $1', [expected.id]);
  const [row] = rows;
  if (row === undefined) throw notFound(expected.id);
  const now = descriptionOf(readMirrorDescription(String(row.description)));
  if (now === descriptionOf(expected)) return;
  throw new SignpostError(
    'LOCKED',
    `the mirror ${quote(expected.name)} has changed meanwhile: look at it again`,
  );
}

function descriptionOf(mirror: NewMirror): string {
  return JSON.stringify(describeMirror(mirror));
}

function notFound(id: MirrorId): SignpostError {
  return new SignpostError('NOT_FOUND', `there is no mirror with number ${id}: it has been removed`);
}

/** unique_violation (postgresql.org/docs/current/errcodes-appendix.html). */
const uniqueViolation = '23505';

async function withUniqueName<T>(name: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if ((cause as { code?: unknown }).code !== uniqueViolation) throw cause;
    throw new SignpostError('USAGE', `there is a mirror named ${quote(name)} already`, { cause });
  }
}
