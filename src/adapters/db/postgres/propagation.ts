import type { Propagation } from '../../../ports/propagation.ts';
import type { PostgresDatabase } from './database.ts';

/** How publications spread, in the database. */
export function createPostgresPropagation(database: PostgresDatabase): Propagation {
  const nth = 'SELECT DISTINCT serial FROM propagation ORDER BY serial DESC LIMIT 1 OFFSET $1';
  return {
    add: (samples) =>
      database.note('write how publications spread', async (query) => {
        for (const { serial, at, holding, mirrors } of samples) {
          await query(
            `INSERT INTO propagation (serial, at, holding, mirrors) VALUES ($1, $2, $3, $4)
             ON CONFLICT (serial, at) DO UPDATE SET holding = excluded.holding, mirrors = excluded.mirrors`,
            [serial, at, holding, mirrors],
          );
        }
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
      database.note('forget how old publications spread', async (query) => {
        await query(`DELETE FROM propagation WHERE serial <= (${nth})`, [most]);
        await query(
          `DELETE FROM propagation AS one USING (
             SELECT serial, min(at) AS first, max(at) AS last, min(at) FILTER (WHERE holding * 2 >= mirrors) AS half
             FROM propagation GROUP BY serial
           ) AS kept
           WHERE one.serial = kept.serial AND one.serial <= (${nth})
             AND one.at <> first AND one.at <> last AND one.at IS DISTINCT FROM half`,
          [whole],
        );
      }),
  };
}
