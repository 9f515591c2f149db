import { mirrorEventKinds } from '../../../mirrors/mirror-events.ts';
import type { MirrorId } from '../../../mirrors/mirror.ts';
import type { MirrorHistory, StoredMirrorEvent } from '../../../ports/mirror-history.ts';
import { type Database, type Row, run, runEach } from '../database.ts';

/** What happened to mirrors, in the database. */
export function createMirrorHistory(database: Database): MirrorHistory {
  return {
    add: (events) =>
      database.note('write the history of mirrors', function* () {
        // A mirror may have been removed since.
        yield* runEach(
          'INSERT INTO mirror_events (mirror, at, kind, detail) SELECT id, $2, $3, $4 FROM mirrors WHERE id = $1',
          events.map(({ mirror, at, kind, detail }) => [mirror, at, kind, detail]),
        );
      }),
    async list(mirror, { limit, before = Number.MAX_SAFE_INTEGER }) {
      const rows = await database.read(
        'read the history of mirrors',
        'SELECT id, at, kind, detail FROM mirror_events WHERE mirror = $1 AND id < $2 ORDER BY id DESC LIMIT $3',
        [mirror, before, limit],
      );
      return rows.flatMap((row) => readEvent(mirror, row));
    },
    prune: ({ since, most }) =>
      database.note('shorten the history of mirrors', function* () {
        yield* run('DELETE FROM mirror_events WHERE at < $1', [since]);
        yield* run(
          `DELETE FROM mirror_events WHERE id IN (
             SELECT id FROM (
               SELECT id, row_number() OVER (PARTITION BY mirror ORDER BY id DESC) AS place FROM mirror_events
             ) AS placed WHERE place > $1
           )`,
          [most],
        );
      }),
  };
}

/** A kind that only a newer version knows is left out. */
function readEvent(mirror: MirrorId, row: Row): readonly StoredMirrorEvent[] {
  const kind = mirrorEventKinds.find((known) => known === row.kind);
  if (kind === undefined) return [];
  return [{ id: Number(row.id), mirror, at: Number(row.at), kind, detail: String(row.detail) }];
}
