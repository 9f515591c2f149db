import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { FileBatch } from './file-batch.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-file-batch-'));
after(() => rm(root, { recursive: true }));
const createFolder = () => mkdtemp(join(root, 'tree-'));

/** More than are waited for one by one. */
const many = Array.from({ length: 300 }, (_, index) => `${index % 7}/file-${index}`);

async function writeMany(batch: FileBatch, folder: string): Promise<void> {
  for (const name of many) await batch.write(join(folder, name), Buffer.from(name));
}

/** The files below a folder, without what has no name yet. */
function namesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => !name.endsWith('.tmp') && statSync(join(folder, name)).isFile())
    .sort();
}

test('no file has its name before all have been waited for, and then each has', async () => {
  const folder = await createFolder();
  const batch = new FileBatch();
  await writeMany(batch, folder);
  assert.deepEqual(namesIn(folder), []);
  await batch.settle();
  assert.deepEqual(namesIn(folder), many.toSorted());
  for (const name of many) assert.equal(readFileSync(join(folder, name), 'utf8'), name);
  assert.equal(readdirSync(join(folder, '0')).length, many.length / 7 + 1 / 7, 'no temporary file stays');
});

test('where there is no sync program the files are waited for one by one', async (t) => {
  const { PATH } = process.env;
  t.after(() => Object.assign(process.env, { PATH }));
  process.env.PATH = root;
  const folder = await createFolder();
  const batch = new FileBatch();
  await writeMany(batch, folder);
  await batch.settle();
  assert.deepEqual(namesIn(folder), many.toSorted());
});

test('of a batch that is abandoned nothing stays', async () => {
  const folder = await createFolder();
  const batch = new FileBatch();
  await writeMany(batch, folder);
  batch.abandon();
  await batch.settle();
  assert.deepEqual(
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(folder, name)).isFile(),
    ),
    [],
  );
});

test('names are given and removed in the order in which they came', async () => {
  const folder = await createFolder();
  const batch = new FileBatch();
  const [one, two] = [join(folder, 'one'), join(folder, 'two')];
  writeFileSync(two, 'old');
  await batch.write(one, Buffer.from('first'));
  await batch.write(one, Buffer.from('second'));
  batch.remove(two);
  assert.ok(batch.has(one));
  assert.equal(readFileSync(one, 'utf8'), 'first', 'two files cannot wait for one name');
  assert.equal(readFileSync(two, 'utf8'), 'old');
  await batch.settle();
  assert.equal(readFileSync(one, 'utf8'), 'second');
  assert.deepEqual(namesIn(folder), ['one']);
});

test('a link is there at once where nothing was, and in time where something else was', async () => {
  const folder = await createFolder();
  const batch = new FileBatch();
  const from = join(folder, 'from');
  writeFileSync(from, 'bytes');
  const never = () => assert.fail('there is nothing to look at');
  assert.equal(await batch.link(from, join(folder, 'new/path'), never), true);
  assert.equal(statSync(join(folder, 'new/path')).ino, statSync(from).ino);
  assert.equal(await batch.link(from, join(folder, 'new/path'), never), true);
  assert.equal(await batch.link(join(folder, 'absent'), join(folder, 'other'), never), false);

  const damaged = join(folder, 'damaged');
  writeFileSync(damaged, 'BYTES');
  await batch.link(from, damaged, () => Promise.resolve(false));
  assert.equal(readFileSync(damaged, 'utf8'), 'BYTES');
  await batch.settle();
  assert.equal(statSync(damaged).ino, statSync(from).ino);
  assert.equal(readFileSync(from, 'utf8'), 'bytes');
});

test('what cannot be written is a fault of the storage, and leaves nothing', async () => {
  const folder = await createFolder();
  const batch = new FileBatch();
  mkdirSync(join(folder, 'here/below'), { recursive: true });
  await batch.write(join(folder, 'here'), Buffer.from('a folder has this name'));
  await batch.write(join(folder, 'later'), Buffer.from('not reached'));
  await assert.rejects(batch.settle(), { code: 'STORAGE' });
  batch.abandon();
  assert.deepEqual(readdirSync(folder), ['here']);
  writeFileSync(join(folder, 'file'), 'a file');
  await assert.rejects(batch.write(join(folder, 'file/below'), Buffer.from('x')), { code: 'STORAGE' });
});
