import type { DatabaseSync } from 'node:sqlite';
import type { Statistics } from '../../../ports/statistics.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** Counts by day, in the database. */
export function createSqliteStatistics(database: DatabaseSync): Statistics {
  const add = database.prepare(
    `INSERT INTO statistics (day, dimension, value, pulls, blobs, bytes) VALUES (?, ?, ?, ?, ?, ?)
     ON CONFLICT (dimension, day, value) DO UPDATE SET
       pulls = pulls + excluded.pulls, blobs = blobs + excluded.blobs, bytes = bytes + excluded.bytes`,
  );
  const sums = 'sum(pulls) AS pulls, sum(blobs) AS blobs, sum(bytes) AS bytes';
  const byValue = database.prepare(
    `SELECT value AS of, ${sums} FROM statistics WHERE dimension = ? AND day >= ?
     GROUP BY value ORDER BY sum(pulls) DESC, sum(blobs) DESC, sum(bytes) DESC, value LIMIT ?`,
  );
  const byDay = database.prepare(
    `SELECT day AS of, ${sums} FROM statistics WHERE dimension = ? AND day >= ?
     GROUP BY day ORDER BY day DESC LIMIT ?`,
  );
  const prune = database.prepare('DELETE FROM statistics WHERE day < ?');
  return {
    add: (rows) =>
      withDatabase('write statistics', () =>
        inTransaction(database, () => {
          for (const { day, dimension, value, pulls, blobs, bytes } of rows) {
            add.run(day, dimension, value, pulls, blobs, bytes);
          }
        }),
      ),
    sum: ({ dimension, since, by, limit }) =>
      withDatabase('read statistics', () =>
        (by === 'value' ? byValue : byDay)
          .all(dimension, since, limit)
          .map((row) => ({
            of: String(row.of),
            pulls: Number(row.pulls),
            blobs: Number(row.blobs),
            bytes: Number(row.bytes),
          })),
      ),
    prune: (before) => withDatabase('forget old statistics', () => void prune.run(before)),
  };
}
