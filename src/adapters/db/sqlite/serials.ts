import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../ports/clock.ts';
import type { Serials } from '../../../ports/serials.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

export function createSqliteSerials(database: DatabaseSync, clock: Clock): Serials {
  const publication = database.prepare('SELECT coalesce(max(serial), 0) AS serial FROM publications');
  const request = database.prepare(
    `SELECT max(
       coalesce((SELECT value FROM counters WHERE name = 'request_serial'), 0),
       coalesce((SELECT max(request_serial) FROM tags), 0),
       coalesce((SELECT max(serial) FROM issued_requests), 0)
     ) AS serial`,
  );
  const publish = database.prepare(
    'INSERT INTO publications SELECT ?1, ?2 WHERE ?1 > (SELECT coalesce(max(serial), 0) FROM publications)',
  );
  const count = database.prepare(
    `INSERT INTO counters VALUES ('request_serial', ?)
     ON CONFLICT DO UPDATE SET value = max(value, excluded.value)`,
  );
  const touch = database.prepare(
    `INSERT INTO repositories (name, serial) VALUES (?, ?)
     ON CONFLICT (name) DO UPDATE SET serial = max(serial, excluded.serial)`,
  );
  return {
    given: () =>
      withDatabase('read the serials', () => ({
        publication: Number(publication.get()?.serial),
        request: Number(request.get()?.serial),
      })),
    moveOn: (past, repositories) =>
      withDatabase('move the serials on', () => {
        inTransaction(database, () => {
          publish.run(past.publication, clock.now());
          count.run(past.request);
          for (const name of repositories) touch.run(name, past.publication);
        });
      }),
  };
}
