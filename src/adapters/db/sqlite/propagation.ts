import type { DatabaseSync } from 'node:sqlite';
import type { Propagation } from '../../../ports/propagation.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** How publications spread, in the database. */
export function createSqlitePropagation(database: DatabaseSync): Propagation {
  const add = database.prepare(
    `INSERT INTO propagation (serial, at, holding, mirrors) VALUES (?, ?, ?, ?)
     ON CONFLICT (serial, at) DO UPDATE SET holding = excluded.holding, mirrors = excluded.mirrors`,
  );
  const list = database.prepare(
    `SELECT serial, at, holding, mirrors FROM propagation
     WHERE serial IN (SELECT DISTINCT serial FROM propagation ORDER BY serial DESC LIMIT ?)
     ORDER BY serial DESC, at`,
  );
  const nth = database.prepare(
    'SELECT DISTINCT serial FROM propagation ORDER BY serial DESC LIMIT 1 OFFSET ?',
  );
  const forget = database.prepare('DELETE FROM propagation WHERE serial <= ?');
  const thin = database.prepare(
    `DELETE FROM propagation AS one WHERE serial <= ?
       AND at <> (SELECT min(at) FROM propagation WHERE serial = one.serial)
       AND at <> (SELECT max(at) FROM propagation WHERE serial = one.serial)
       AND at <> coalesce(
         (SELECT min(at) FROM propagation WHERE serial = one.serial AND holding * 2 >= mirrors), -1)`,
  );
  return {
    add: (samples) =>
      withDatabase('write how publications spread', () =>
        inTransaction(database, () => {
          for (const { serial, at, holding, mirrors } of samples) add.run(serial, at, holding, mirrors);
        }),
      ),
    list: (serials) =>
      withDatabase('read how publications spread', () =>
        list
          .all(serials)
          .map((row) => ({
            serial: Number(row.serial),
            at: Number(row.at),
            holding: Number(row.holding),
            mirrors: Number(row.mirrors),
          })),
      ),
    thin: ({ whole, most }) =>
      withDatabase('forget how old publications spread', () =>
        inTransaction(database, () => {
          const tooOld = nth.get(most)?.serial;
          if (tooOld !== undefined) forget.run(Number(tooOld));
          const older = nth.get(whole)?.serial;
          if (older !== undefined) thin.run(Number(older));
        }),
      ),
  };
}
