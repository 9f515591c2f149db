import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { mountSmallDisk, noSmallDisk } from '../../../test/fakes/small-disk.ts';
import { SignpostError } from '../../oci/errors.ts';
import { writeFileAtomic } from './atomic-file.ts';
import { makeFolders } from './permissions.ts';
import { createProcessLock } from '../process/process-lock.ts';
import { openDatabase } from '../db/sqlite/database.ts';
import { withDatabase } from '../db/sqlite/database-error.ts';
import { openSignerRecord } from '../db/sqlite/signer-record.ts';
import { storageError } from './storage-error.ts';

const root = mkdtempSync(join(tmpdir(), 'signpost-storage-'));
after(() => rmSync(root, { recursive: true }));
const clock = { now: () => 0 };

test('what SQLite says becomes what to do about it', async () => {
  const path = join(root, 'one.db');
  const database = new DatabaseSync(path, { timeout: 0 });
  database.exec('CREATE TABLE a (b BLOB); PRAGMA max_page_count = 4');
  const failing = (work: () => void) => withDatabase('try', work);
  await assert.rejects(
    failing(() => database.exec('INSERT INTO a VALUES (zeroblob(100000))')),
    { code: 'STORAGE', message: /cannot try \(in the database\): the disk is full/ },
  );
  const other = new DatabaseSync(path, { timeout: 0 });
  other.exec('BEGIN IMMEDIATE');
  await assert.rejects(
    failing(() => database.exec('INSERT INTO a VALUES (1)')),
    { code: 'LOCKED', message: /another process is writing to the same database/ },
  );
  other.close();
  const reading = new DatabaseSync(path, { readOnly: true });
  await assert.rejects(
    failing(() => reading.exec('INSERT INTO a VALUES (1)')),
    { code: 'STORAGE', message: /mounted read-only, or it belongs to another user/ },
  );
  reading.close();
  database.close();
});

test('a file that is no database is said to be none, and what to do', () => {
  const path = join(root, 'none.db');
  writeFileSync(path, 'x'.repeat(8192));
  for (const open of [openDatabase, openSignerRecord]) {
    assert.throws(() => open(path), { code: 'STORAGE', message: /no SQLite database: .*docs\/backup\.md/ });
  }
  mkdirSync(join(root, 'folder.db'));
  assert.throws(() => openDatabase(join(root, 'folder.db')), {
    code: 'STORAGE',
    message: /there is a folder/,
  });
});

test('every error of a disk has a name', () => {
  for (const [code, text] of [
    ['EROFS', /read-only/],
    ['ENOSPC', /disk is full/],
    ['EDQUOT', /quota/],
    ['EACCES', /permission denied/],
    ['EIO', /reported an error/],
  ] as const) {
    const { message } = storageError('write x', Object.assign(new Error('?'), { code }));
    assert.match(message, text);
  }
});

test('on a read-only file system everything says that it is one', async (t) => {
  const disk = await mountSmallDisk(256);
  if (disk === undefined) return t.skip(noSmallDisk);
  await using _disk = disk;
  openDatabase(join(disk.path, 'signpost.db')).close();
  assert.equal(spawnSync('mount', ['-o', 'remount,ro', disk.path]).status, 0);
  const readOnly = { message: /read-only/ };
  await assert.rejects(writeFileAtomic(join(disk.path, 'a/b/c'), Buffer.from('x'), 'everyone'), readOnly);
  await assert.rejects(
    createProcessLock(join(disk.path, 'locks'), 'test', clock).acquire('content'),
    readOnly,
  );
  assert.throws(() => openDatabase(join(disk.path, 'signpost.db')), readOnly);
  assert.throws(() => openDatabase(join(disk.path, 'new/signpost.db')), readOnly);
  assert.throws(() => openSignerRecord(join(disk.path, 'new/record.db')), readOnly);
  assert.throws(() => makeFolders(join(disk.path, 'a/b'), 'everyone'), { code: 'EROFS' });
});

test('on a full disk a database says that it is full', async (t) => {
  const disk = await mountSmallDisk(256);
  if (disk === undefined) return t.skip(noSmallDisk);
  await using _disk = disk;
  const file = openSync(join(disk.path, 'filler'), 'w');
  assert.throws(() => {
    for (;;) writeFileSync(file, Buffer.alloc(4096));
  });
  closeSync(file);
  assert.throws(
    () => openDatabase(join(disk.path, 'signpost.db')),
    (error) => error instanceof SignpostError && /disk is full/.test(error.message),
  );
});

test('an output that cannot be written is no success', () => {
  const program = join(import.meta.dirname, '../../cli/main.ts');
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [program, '--help'], {
    stdio: ['ignore', full, 'pipe'],
  });
  closeSync(full);
  assert.match(stderr.toString(), /^signpost: cannot write the output: the disk is full/);
  assert.equal(status, 1);
});
