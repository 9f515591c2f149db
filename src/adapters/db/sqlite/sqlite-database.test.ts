import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { run } from '../database.ts';
import { openDatabase } from './database.ts';
import { createSqliteDatabase } from './sqlite-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-sqlite-'));
after(() => rmSync(folder, { recursive: true }));

test('no version comes again, whoever writes', async () => {
  const path = join(folder, 'versions.db');
  using one = openDatabase(path);
  using other = openDatabase(path);
  const here = createSqliteDatabase(one);
  const there = createSqliteDatabase(other);
  const versions = [await here.version()];
  for (const writer of [here, there, there, here]) {
    const name = `${versions.length}`;
    await writer.note('count', () => run('INSERT INTO counters VALUES ($1, 1)', [name]));
    versions.push(await here.version());
  }
  assert.equal(new Set(versions).size, versions.length, String(versions));
});

test('a transaction is over before anybody else has a turn', async () => {
  using connection = openDatabase(':memory:');
  const database = createSqliteDatabase(connection);
  const written = database.write('count', function* () {
    yield* run("INSERT INTO counters VALUES ('a', 1)");
    yield* run("UPDATE counters SET value = 2 WHERE name = 'a'");
  });
  assert.equal(connection.isTransaction, false);
  assert.equal(connection.prepare('SELECT value FROM counters').get()?.value, 2);
  await written;
});
