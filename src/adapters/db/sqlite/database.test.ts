import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { inTransaction, openDatabase } from './database.ts';
import { readMirrorDescription } from '../tables/mirror-description.ts';
import { migrations } from './migrations.ts';

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

test('strangers can neither read nor write the database, and the group cannot write it, whatever the umask', () => {
  const before = process.umask(0);
  try {
    const path = join(folder, 'modes.db');
    using database = openDatabase(path);
    database.exec('CREATE TABLE t (x)');
    for (const name of [path, `${path}-wal`, `${path}-shm`]) {
      assert.equal(statSync(name).mode & 0o027, 0, name);
    }
  } finally {
    process.umask(before);
  }
});

test('mirrors entered before they had kinds and several URLs are kept', () => {
  const path = join(folder, 'older.db');
  const version = migrations.findIndex((sql) => sql.includes('$.exceptCountries'));
  using older = new DatabaseSync(path);
  for (const sql of migrations.slice(0, version)) older.exec(sql);
  older.exec(`PRAGMA user_version = ${version}`);
  const insert = older.prepare('INSERT INTO mirrors (name, description) VALUES (?, ?)');
  for (const isPrivate of [true, false]) {
    const mirror = {
      name: `private-${isPrivate}`,
      url: 'https://mirror.example.org',
      country: 'DE',
      asns: [680],
      netblocks: ['192.0.2.0/24'],
      weight: 7,
      private: isPrivate,
      repositories: [],
      onlyCountries: ['DE'],
      enabled: true,
    };
    insert.run(mirror.name, JSON.stringify(mirror));
  }
  insert.run('damaged', '{');
  using database = openDatabase(path);
  const rows = database.prepare('SELECT description FROM mirrors ORDER BY id').all();
  const [one, other] = rows.slice(0, 2).map(({ description }) => readMirrorDescription(String(description)));
  assert.deepEqual([one?.kind, other?.kind], ['private', 'public']);
  assert.deepEqual(one?.urls, ['https://mirror.example.org']);
  assert.deepEqual([one?.approved, one?.exceptCountries, one?.weight], [true, [], 7]);
});
