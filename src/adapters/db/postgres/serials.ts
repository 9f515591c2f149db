import type { Clock } from '../../../ports/clock.ts';
import type { Serials } from '../../../ports/serials.ts';
import type { PostgresDatabase } from './database.ts';

export function createPostgresSerials(database: PostgresDatabase, clock: Clock): Serials {
  return {
    async given() {
      const [row] = await database.read(
        'read the serials',
        `SELECT (SELECT coalesce(max(serial), 0) FROM publications) AS publication,
           greatest(
             (SELECT value FROM counters WHERE name = 'request_serial'),
             (SELECT max(request_serial) FROM tags),
             (SELECT max(serial) FROM issued_requests),
             0
           ) AS request`,
      );
      return { publication: Number(row?.publication), request: Number(row?.request) };
    },
    moveOn: (past, repositories) =>
      database.write('move the serials on', async (query) => {
        await query(
          `INSERT INTO publications SELECT $1::bigint, $2::bigint
           WHERE $1::bigint > (SELECT coalesce(max(serial), 0) FROM publications)`,
          [past.publication, clock.now()],
        );
        await query(
          `INSERT INTO counters VALUES ('request_serial', $1)
           ON CONFLICT (name) DO UPDATE SET value = greatest(counters.value, excluded.value)`,
          [past.request],
        );
        await query(
          `INSERT INTO repositories (name, serial) SELECT name, $2::bigint FROM unnest($1::text[]) AS names (name)
           ON CONFLICT (name) DO UPDATE SET serial = greatest(repositories.serial, excluded.serial)`,
          [[...new Set(repositories)], past.publication],
        );
      }),
  };
}
