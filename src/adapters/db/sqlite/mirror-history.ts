import type { DatabaseSync } from 'node:sqlite';
import { mirrorEventKinds } from '../../../mirrors/mirror-events.ts';
import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { MirrorHistory, StoredMirrorEvent } from '../../../ports/mirror-history.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** What happened to mirrors, in the database. */
export function createMirrorHistory(database: DatabaseSync): MirrorHistory {
  // A mirror may have been removed since.
  const insert = database.prepare(
    'INSERT INTO mirror_events (mirror, at, kind, detail) SELECT id, ?, ?, ? FROM mirrors WHERE id = ?',
  );
  const list = database.prepare(
    'SELECT id, at, kind, detail FROM mirror_events WHERE mirror = ? AND id < ? ORDER BY id DESC LIMIT ?',
  );
  const removeOld = database.prepare('DELETE FROM mirror_events WHERE at < ?');
  const removeMany = database.prepare(
    `DELETE FROM mirror_events WHERE id IN (
       SELECT id FROM (
         SELECT id, row_number() OVER (PARTITION BY mirror ORDER BY id DESC) AS place FROM mirror_events
       ) WHERE place > ?
     )`,
  );
  return {
    add: (events) =>
      withDatabase('write the history of mirrors', () =>
        inTransaction(database, () => {
          for (const { mirror, at, kind, detail } of events) insert.run(at, kind, detail, mirror);
        }),
      ),
    list: (mirror, { limit, before = Number.MAX_SAFE_INTEGER }) =>
      withDatabase('read the history of mirrors', () =>
        list.all(mirror, before, limit).flatMap((row) => readMirrorEvent(mirror, row)),
      ),
    prune: ({ since, most }) =>
      withDatabase('shorten the history of mirrors', () =>
        inTransaction(database, () => {
          removeOld.run(since);
          removeMany.run(most);
        }),
      ),
  };
}

/** A kind that only a newer version knows is left out. */
export function readMirrorEvent(
  mirror: MirrorId,
  row: Record<string, unknown>,
): readonly StoredMirrorEvent[] {
  const kind = mirrorEventKinds.find((known) => known === row.kind);
  if (kind === undefined) return [];
  return [{ id: Number(row.id), mirror, at: Number(row.at), kind, detail: String(row.detail) }];
}
