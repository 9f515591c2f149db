import type { Propagation } from '../../../ports/propagation.ts';
import { type Database, run, runEach } from '../database.ts';

/** The newest serial of those that are too many. */
const nth = 'SELECT DISTINCT serial FROM propagation ORDER BY serial DESC LIMIT 1 OFFSET $1';

/** How publications spread, in the database. */
export function createPropagation(database: Database): Propagation {
  return {
    add: (samples) =>
      database.note('write how publications spread', function* () {
        yield* runEach(
          `INSERT INTO propagation (serial, at, holding, mirrors) VALUES ($1, $2, $3, $4)
           ON CONFLICT (serial, at) DO UPDATE SET holding = excluded.holding, mirrors = excluded.mirrors`,
          samples.map(({ serial, at, holding, mirrors }) => [serial, at, holding, mirrors]),
        );
      }),
    async list(serials) {
      const rows = await database.read(
        'read how publications spread',
        `SELECT serial, at, holding, mirrors FROM propagation
         WHERE serial IN (SELECT DISTINCT serial FROM propagation ORDER BY serial DESC LIMIT $1)
         ORDER BY serial DESC, at`,
        [serials],
      );
      return rows.map((row) => ({
        serial: Number(row.serial),
        at: Number(row.at),
        holding: Number(row.holding),
        mirrors: Number(row.mirrors),
      }));
    },
    thin: ({ whole, most }) =>
      database.note('forget how old publications spread', function* () {
        yield* run(`DELETE FROM propagation WHERE serial <= (${nth})`, [most]);
        yield* run(
          `DELETE FROM propagation WHERE serial <= (${nth}) AND (serial, at) NOT IN (
             SELECT serial, min(at) FROM propagation GROUP BY serial
             UNION ALL SELECT serial, max(at) FROM propagation GROUP BY serial
             UNION ALL SELECT serial, min(at) FROM propagation WHERE holding * 2 >= mirrors GROUP BY serial
           )`,
          [whole],
        );
      }),
  };
}
