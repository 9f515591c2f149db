import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inTransaction, openDatabase } from './database.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-database-'));
after(() => rmSync(folder, { recursive: true }));

test('what ended a transaction is told, also when SQLite has rolled it back by itself', () => {
  using database = openDatabase(join(folder, 'full.db'));
  database.exec('CREATE TABLE t (x); PRAGMA max_page_count = 60; PRAGMA cache_size = 1');
  const insert = database.prepare('INSERT INTO t VALUES (?)');
  const fill = () => {
    for (let count = 0; count < 1000; count += 1) insert.run('x'.repeat(4000));
  };
  assert.throws(() => inTransaction(database, fill), { message: /full/ });
  assert.equal(database.isTransaction, false);
  assert.equal(database.prepare('SELECT count(*) AS rows FROM t').get()?.rows, 0);
  inTransaction(database, () => insert.run('fits'));
});

test('nobody else can write the database, whatever the umask', () => {
  const before = process.umask(0);
  try {
    const path = join(folder, 'modes.db');
    using database = openDatabase(path);
    database.exec('CREATE TABLE t (x)');
    for (const name of [path, `${path}-wal`, `${path}-shm`]) {
      assert.equal(statSync(name).mode & 0o022, 0, name);
    }
  } finally {
    process.umask(before);
  }
});
