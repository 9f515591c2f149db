import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Database, insertNew, run, runEach } from '../../src/adapters/db/database.ts';

/** What every database must do for its tables. `open` makes an empty one. */
export function databaseContract(
  name: string,
  open: () => Promise<{ readonly database: Database; readonly end: () => Promise<void> }>,
): void {
  const using = (work: (database: Database) => Promise<void>) => async () => {
    const { database, end } = await open();
    try {
      await work(database);
    } finally {
      await end();
    }
  };
  const put = 'INSERT INTO counters VALUES ($1, $2)';
  const counters = (database: Database) =>
    database.read('read', 'SELECT name, CAST(value AS INTEGER) AS value FROM counters ORDER BY name');

  describe(`database: ${name}`, () => {
    it(
      'gives a transaction the rows of each of its statements, in the order of the values',
      using(async (database) => {
        const given = await database.note('count', function* () {
          const returning = `${put} RETURNING name`;
          const some = yield* runEach(returning, [
            ['b', 2],
            ['a', 1],
          ]);
          const none = yield* runEach(returning, []);
          const one = yield* run('SELECT $2 || $1 || $2 AS text', ['x', 'y']);
          return [some, none, one].map((rows) => rows.map((row) => ({ ...row })));
        });
        assert.deepEqual(given, [[{ name: 'b' }, { name: 'a' }], [], [{ text: 'yxy' }]]);
        assert.equal((await counters(database)).length, 2);
      }),
    );
    it(
      'does all of a transaction or nothing, and says why',
      using(async (database) => {
        const broken = database.note('count', function* () {
          yield* run(put, ['a', 1]);
          throw new RangeError('the work itself failed');
        });
        await assert.rejects(broken, { code: 'STORAGE', message: /cannot count.*the work itself failed/ });
        const twice = Array.from({ length: 300 }, (_, at) => [`${at % 150}`, at]);
        await assert.rejects(
          database.write('count', () => runEach(put, twice)),
          { code: 'STORAGE', message: /cannot count.*(?:UNIQUE constraint failed|duplicate key)/ },
        );
        assert.deepEqual(await counters(database), []);
        await database.write('count', () => run(put, ['a', 1]));
        assert.equal((await counters(database)).length, 1);
      }),
    );
    it(
      'inserts thousands of rows, and leaves those alone whose key is there',
      using(async (database) => {
        await database.write('count', () => run(put, ['7', -1]));
        const rows = Array.from({ length: 12_000 }, (_, at) => [`${at}`, at]);
        await database.write('count', () => insertNew('counters', ['TEXT', 'BIGINT'], rows.values()));
        const [sum] = await database.read(
          'read',
          'SELECT count(*) AS count, sum(value) AS sum FROM counters',
        );
        assert.equal(Number(sum?.count), 12_000);
        assert.equal(Number(sum?.sum), (12_000 * 11_999) / 2 - 8);
      }),
    );
    it(
      'lets writers take turns',
      using(async (database) => {
        await database.write('count', () => run(put, ['a', 0]));
        const raise = () =>
          database.write('count', function* () {
            const [row] = yield* run('SELECT value FROM counters');
            yield* run('UPDATE counters SET value = $1', [Number(row?.value) + 1]);
          });
        const raised = Array.from({ length: 20 }, raise);
        for (const one of raised) await one;
        const [row] = await counters(database);
        assert.equal(row?.value, 20);
      }),
    );
    it(
      'has another version after each write',
      using(async (database) => {
        const before = await database.version();
        assert.equal(await database.version(), before);
        await database.write('count', () => run(put, ['a', 1]));
        assert.notEqual(await database.version(), before);
      }),
    );
  });
}
