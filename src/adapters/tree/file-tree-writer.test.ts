import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { mountSmallDisk, noSmallDisk } from '../../../test/fakes/small-disk.ts';
import { createFileStaging } from './file-staging.ts';
import { createFileTreeWriter } from './file-tree-writer.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-file-tree-'));
after(() => rm(root, { recursive: true }));

const base = parseRepositoryName('fedora/base');
const other = parseRepositoryName('debian');
const bytes = Buffer.from('the bytes of a blob');
const digest = digestOf(bytes);

async function createFolders(tree?: string) {
  const data = await mkdtemp(join(root, 'data-'));
  const folders = { tree: tree ?? join(data, 'tree'), staging: join(data, 'staging') };
  const pieces = async function* () {
    yield bytes;
  };
  await createFileStaging(folders.staging).writeBlob(
    { digest, size: bytes.length },
    async () => pieces(),
    () => {},
  );
  return folders;
}

function blobIn(tree: string, repository: string, blob: Digest = digest): string {
  return join(tree, 'v2', repository, 'blobs', blob);
}

test('a blob takes its place on the disk once, however many repositories have it', async () => {
  const folders = await createFolders();
  const writer = createFileTreeWriter(folders);
  await writer.placeBlob(base, digest, 'staging');
  await writer.placeBlob(other, digest, base);
  await writer.settle();
  const [one, two] = [await stat(blobIn(folders.tree, base)), await stat(blobIn(folders.tree, other))];
  assert.equal(one.ino, two.ino);
  assert.equal(one.nlink, 3);
});

test('a good file is left alone, a damaged one or one of the wrong size is replaced', async () => {
  const folders = await createFolders();
  const writer = createFileTreeWriter(folders);
  const path = blobIn(folders.tree, base);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, bytes);
  const { ino } = await stat(path);
  await writer.placeBlob(base, digest, 'staging');
  await writer.settle();
  assert.equal((await stat(path)).ino, ino, 'mirrors would copy it again');
  for (const damaged of ['THE BYTES OF A BLOB', 'short']) {
    await rm(path);
    await writeFile(path, damaged);
    await writer.placeBlob(base, digest, 'staging');
    await writer.settle();
    assert.deepEqual(await readFile(path), bytes);
  }
  assert.deepEqual(await readdir(join(path, '..')), [digest], 'no temporary file stays');
});

test('a tree on another file system gets copies', async (t) => {
  await using disk = await mountSmallDisk(1024);
  if (disk === undefined) return t.skip(noSmallDisk);
  const folders = await createFolders(join(disk.path, 'tree'));
  const writer = createFileTreeWriter(folders);
  await writer.placeBlob(base, digest, 'staging');
  await writer.settle();
  assert.deepEqual(await readFile(blobIn(folders.tree, base)), bytes);
  assert.deepEqual(await readdir(join(folders.tree, 'v2', base, 'blobs')), [digest]);
});

test('a full disk leaves no file under its final name and no temporary one', async (t) => {
  await using disk = await mountSmallDisk(64);
  if (disk === undefined) return t.skip(noSmallDisk);
  const folders = await createFolders(join(disk.path, 'tree'));
  const writer = createFileTreeWriter(folders);
  const manifest = Buffer.alloc(128 * 1024, ' ');
  await assert.rejects(writer.placeManifest(base, digestOf(manifest), manifest), {
    code: 'STORAGE',
    message: /the disk is full/,
  });
  assert.deepEqual(await readdir(join(folders.tree, 'v2', base, 'manifests')), []);
});

test('signatures never have a gap while they are replaced', async () => {
  const folders = await createFolders();
  const writer = createFileTreeWriter(folders);
  const folder = join(folders.tree, 'signatures', `${base}@sha256=${digest.slice(7)}`);
  const five = ['1', '2', '3', '4', '5'].map((text) => Buffer.from(text));
  await writer.placeSignatures(base, digest, five);
  await writer.settle();
  const numbers = async () =>
    (await readdir(folder)).filter((name) => !name.startsWith('.')).map((name) => Number(name.slice(10)));
  const state = { done: false };
  const replacing = (async () => {
    for (const list of [five.slice(0, 1), five, five.slice(2), five]) {
      await writer.placeSignatures(base, digest, list);
      await writer.settle();
    }
    state.done = true;
  })();
  let looks = 0;
  while (!state.done) {
    const found = (await numbers()).toSorted((a, b) => a - b);
    // Upwards from 1: reading a folder while it changes may miss new files at its end, never one in the middle.
    assert.deepEqual(
      found,
      found.map((_, index) => index + 1),
    );
    looks++;
  }
  await replacing;
  assert.ok(looks > 0);
  assert.deepEqual((await numbers()).length, 5);
});
