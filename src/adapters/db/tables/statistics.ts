import type { DayStatistic, Statistics } from '../../../ports/statistics.ts';
import { type Database, run, runEach } from '../database.ts';

const sums = 'sum(pulls) AS pulls, sum(blobs) AS blobs, sum(bytes) AS bytes';
const byValue = `SELECT value AS of, ${sums} FROM statistics WHERE dimension = $1 AND day >= $2
  GROUP BY value ORDER BY sum(pulls) DESC, sum(blobs) DESC, sum(bytes) DESC, value LIMIT $3`;
const byDay = `SELECT day AS of, ${sums} FROM statistics WHERE dimension = $1 AND day >= $2
  GROUP BY day ORDER BY day DESC LIMIT $3`;

/** Counts by day, in the database. */
export function createStatistics(database: Database): Statistics {
  return {
    add: (rows) =>
      database.note('write statistics', function* () {
        // In one order everywhere: servers that write at once wait for each other, and never in a circle.
        yield* runEach(
          `INSERT INTO statistics (day, dimension, value, pulls, blobs, bytes) VALUES ($1, $2, $3, $4, $5, $6)
           ON CONFLICT (dimension, day, value) DO UPDATE SET pulls = statistics.pulls + excluded.pulls,
             blobs = statistics.blobs + excluded.blobs, bytes = statistics.bytes + excluded.bytes`,
          rows
            .toSorted(byKey)
            .map(({ day, dimension, value, pulls, blobs, bytes }) => [
              day,
              dimension,
              value,
              pulls,
              blobs,
              bytes,
            ]),
        );
      }),
    async sum({ dimension, since, by, limit }) {
      const sql = by === 'value' ? byValue : byDay;
      const rows = await database.read('read statistics', sql, [dimension, since, limit]);
      return rows.map((row) => ({
        of: String(row.of),
        pulls: Number(row.pulls),
        blobs: Number(row.blobs),
        bytes: Number(row.bytes),
      }));
    },
    prune: (before) =>
      database.note('forget old statistics', function* () {
        yield* run('DELETE FROM statistics WHERE day < $1', [before]);
      }),
  };
}

function byKey(a: DayStatistic, b: DayStatistic): number {
  const keys = [a, b].map(({ dimension, day, value }) => `${dimension} ${day} ${value}`);
  return (keys[0] ?? '') < (keys[1] ?? '') ? -1 : 1;
}
