import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Statistics, StatisticsQuery } from '../../src/ports/statistics.ts';

/** What every Statistics must do. `open` makes an empty one. */
export function statisticsContract(
  name: string,
  open: () => Promise<{ readonly statistics: Statistics; readonly end: () => Promise<void> }>,
): void {
  const using = (work: (statistics: Statistics) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await work(opened.statistics);
    } finally {
      await opened.end();
    }
  };
  const row = (day: string, value: string, pulls: number, blobs = 0, bytes = 0) => {
    return { day, dimension: 'repository', value, pulls, blobs, bytes } as const;
  };
  const query: StatisticsQuery = { dimension: 'repository', since: '2026-01-01', by: 'value', limit: 10 };

  describe(`statistics: ${name}`, () => {
    it(
      'adds to what is there, and sums by value and by day',
      using(async (statistics) => {
        assert.deepEqual(await statistics.sum(query), []);
        await statistics.add([row('2026-01-01', 'a', 1, 2, 2 ** 40), row('2026-01-01', 'b', 5)]);
        await statistics.add([
          row('2026-01-01', 'a', 3),
          row('2026-01-02', 'a', 4),
          row('2025-12-31', 'a', 100),
        ]);
        await statistics.add([{ ...row('2026-01-01', 'a', 50), dimension: 'country' }]);
        assert.deepEqual(await statistics.sum(query), [
          { of: 'a', pulls: 8, blobs: 2, bytes: 2 ** 40 },
          { of: 'b', pulls: 5, blobs: 0, bytes: 0 },
        ]);
        assert.deepEqual(
          (await statistics.sum({ ...query, by: 'day' })).map(({ of, pulls }) => [of, pulls]),
          [
            ['2026-01-02', 4],
            ['2026-01-01', 9],
          ],
        );
        assert.deepEqual(
          (await statistics.sum({ ...query, since: '2026-01-02' })).map(({ of, pulls }) => [of, pulls]),
          [['a', 4]],
        );
        assert.equal((await statistics.sum({ ...query, limit: 1 })).length, 1);
      }),
    );
    it(
      'orders values by pulls, then blobs, then bytes, then name',
      using(async (statistics) => {
        const day = '2026-01-01';
        await statistics.add([row(day, 'd', 1, 1, 1), row(day, 'c', 1, 1, 1), row(day, 'b', 1, 1, 2)]);
        await statistics.add([row(day, 'a', 1, 2, 0), row(day, 'z', 2)]);
        assert.deepEqual(
          (await statistics.sum(query)).map(({ of }) => of),
          ['z', 'a', 'b', 'c', 'd'],
        );
      }),
    );
    it(
      'forgets old days',
      using(async (statistics) => {
        await statistics.add([row('2026-01-01', 'a', 1), row('2026-01-02', 'a', 2)]);
        await statistics.prune('2026-01-02');
        assert.deepEqual(
          (await statistics.sum(query)).map(({ pulls }) => pulls),
          [2],
        );
      }),
    );
  });
}
