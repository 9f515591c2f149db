import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mirrorRegistryContract } from '../../../../test/contracts/mirror-registry.ts';
import { author } from '../../../../test/fakes/author.ts';
import { newMirror } from '../../../../test/fakes/mirrors.ts';
import { isSignpostError } from '../../../oci/errors.ts';
import { openDatabase } from '../sqlite/database.ts';
import { createSqliteDatabase } from '../sqlite/sqlite-database.ts';
import { createMirrorRegistry } from './mirror-registry.ts';

mirrorRegistryContract('SQLite', () => {
  const { open, end } = temporary();
  return { registry: createMirrorRegistry(createSqliteDatabase(open())), end };
});

test('a change by another process changes the version and is seen', async () => {
  const { open, end } = temporary();
  try {
    const here = createMirrorRegistry(createSqliteDatabase(open()));
    const there = createMirrorRegistry(createSqliteDatabase(open()));
    const before = await here.version();
    const added = await there.add(newMirror(), author);
    assert.notEqual(await here.version(), before);
    assert.deepEqual(await here.list(), [added]);
  } finally {
    end();
  }
});

test('only what has changed is read anew, with a pause after each', async () => {
  const { open, end } = temporary();
  let pauses = 0;
  try {
    const here = createMirrorRegistry(createSqliteDatabase(open()), async () => void (pauses += 1));
    const there = createMirrorRegistry(createSqliteDatabase(open()));
    await there.add(newMirror({ name: 'one' }), author);
    const two = await there.add(newMirror({ name: 'two' }), author);
    const [one] = await here.list();
    assert.equal(pauses, 2);
    await there.update(two, { ...two, weight: two.weight + 1 }, author);
    const list = await here.list();
    assert.equal(list[0], one);
    assert.equal(list[1]?.weight, two.weight + 1);
    assert.equal(pauses, 3);
  } finally {
    end();
  }
});

test('a damaged description is a storage error that says what is wrong', async () => {
  const { open, end } = temporary();
  try {
    const database = open();
    const registry = createMirrorRegistry(createSqliteDatabase(database));
    const insert = database.prepare('INSERT INTO mirrors (name, description) VALUES (?, ?)');
    for (const description of ['{', '{}', JSON.stringify({ ...newMirror(), netblocks: ['192.0.2.1/24'] })]) {
      insert.run('damaged', description);
      await assert.rejects(
        () => registry.list(),
        (error) => isSignpostError(error, 'STORAGE') && /damaged description of a mirror/.test(error.message),
      );
      database.exec('DELETE FROM mirrors');
    }
  } finally {
    end();
  }
});

function temporary() {
  const folder = mkdtempSync(join(tmpdir(), 'signpost-mirrors-'));
  const opened: Disposable[] = [];
  return {
    open: () => {
      const database = openDatabase(join(folder, 'signpost.db'));
      opened.push(database);
      return database;
    },
    end: () => {
      for (const database of opened) database[Symbol.dispose]();
      rmSync(folder, { recursive: true });
    },
  };
}
