import type { MirrorHistory } from '../../../ports/mirror-history.ts';
import { readMirrorEvent } from '../sqlite/mirror-history.ts';
import type { PostgresDatabase } from './database.ts';

/** What happened to mirrors, in the database. */
export function createPostgresMirrorHistory(database: PostgresDatabase): MirrorHistory {
  return {
    add: (events) =>
      database.note('write the history of mirrors', async (query) => {
        // A mirror may have been removed since.
        await query(
          `INSERT INTO mirror_events (mirror, at, kind, detail)
           SELECT mirror, at, kind, detail FROM mirrors
             JOIN unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[]) WITH ORDINALITY
               AS event (mirror, at, kind, detail, place) ON mirrors.id = mirror
           ORDER BY place`,
          [
            events.map(({ mirror }) => mirror),
            events.map(({ at }) => at),
            events.map(({ kind }) => kind),
            events.map(({ detail }) => detail),
          ],
        );
      }),
    async list(mirror, { limit, before = Number.MAX_SAFE_INTEGER }) {
      const rows = await database.read(
        'read the history of mirrors',
        'SELECT id, at, kind, detail FROM mirror_events WHERE mirror = $1 AND id < $2 ORDER BY id DESC LIMIT $3',
        [mirror, before, limit],
      );
      return rows.flatMap((row) => readMirrorEvent(mirror, row));
    },
    prune: ({ since, most }) =>
      database.note('shorten the history of mirrors', async (query) => {
        await query('DELETE FROM mirror_events WHERE at < $1', [since]);
        await query(
          `DELETE FROM mirror_events USING (
             SELECT id, row_number() OVER (PARTITION BY mirror ORDER BY id DESC) AS place FROM mirror_events
           ) AS placed WHERE mirror_events.id = placed.id AND place > $1`,
          [most],
        );
      }),
  };
}
