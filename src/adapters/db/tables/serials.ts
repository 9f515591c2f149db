import type { Clock } from '../../../ports/clock.ts';
import type { Serials } from '../../../ports/serials.ts';
import { type Database, run, runEach } from '../database.ts';

export function createSerials(database: Database, clock: Clock): Serials {
  return {
    async given() {
      const [row] = await database.read(
        'read the serials',
        `SELECT (SELECT max(serial) FROM publications) AS publication,
           (SELECT value FROM counters WHERE name = 'request_serial') AS counted,
           (SELECT max(request_serial) FROM tags) AS accepted,
           (SELECT max(serial) FROM issued_requests) AS issued`,
      );
      // Where nothing was given it is null, and Number(null) is 0.
      const { publication, ...requests } = row ?? {};
      return { publication: Number(publication), request: Math.max(...Object.values(requests).map(Number)) };
    },
    moveOn: (past, repositories) =>
      database.write('move the serials on', function* () {
        const [row] = yield* run('SELECT max(serial) AS newest FROM publications');
        if (past.publication > Number(row?.newest)) {
          yield* run('INSERT INTO publications VALUES ($1, $2)', [past.publication, clock.now()]);
        }
        yield* run(
          `INSERT INTO counters VALUES ('request_serial', $1)
           ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE counters.value < excluded.value`,
          [past.request],
        );
        yield* runEach(
          `INSERT INTO repositories (name, serial) VALUES ($1, $2) ON CONFLICT (name)
           DO UPDATE SET serial = excluded.serial WHERE repositories.serial < excluded.serial`,
          repositories.map((name) => [name, past.publication]),
        );
      }),
  };
}
