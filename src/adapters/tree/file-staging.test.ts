import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { type Digest, digestHex, digestOf } from '../../oci/digest.ts';
import { mountSmallDisk, noSmallDisk } from '../../../test/fakes/small-disk.ts';
import { createFileStaging } from './file-staging.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-file-staging-'));
after(() => rm(root, { recursive: true }));

const bytes = Buffer.alloc(3 * 1024 * 1024, 'signpost ');
const blob = { digest: digestOf(bytes), size: bytes.length };

async function* pieces(of: Buffer, size = 100_000) {
  for (let at = 0; at < of.length; at += size) yield of.subarray(at, at + size);
}

async function withPartial(content: Buffer) {
  const folder = await mkdtemp(join(root, 'staging-'));
  await mkdir(join(folder, 'partial'), { recursive: true });
  await writeFile(join(folder, 'partial', digestHex(blob.digest)), content);
  return { folder, staging: createFileStaging(folder) };
}

async function copy(staging: ReturnType<typeof createFileStaging>) {
  const offsets: number[] = [];
  const how = await staging.writeBlob(
    blob,
    async (offset) => {
      offsets.push(offset);
      return pieces(bytes.subarray(offset));
    },
    () => {},
  );
  return { how, offsets };
}

test('what a killed copy left is hashed again and continued', async () => {
  const { folder, staging } = await withPartial(bytes.subarray(0, 1_234_567));
  assert.deepEqual(await copy(staging), { how: 'resumed', offsets: [1_234_567] });
  assert.deepEqual(await readdir(join(folder, 'partial')), []);
});

test('a copy that was killed just before its rename needs no byte of the source', async () => {
  const { staging } = await withPartial(bytes);
  assert.deepEqual(await copy(staging), { how: 'resumed', offsets: [] });
});

test('zeroes that a power cut left are not believed', async () => {
  const { staging } = await withPartial(Buffer.alloc(1_000_000));
  assert.deepEqual((await copy(staging)).offsets, [1_000_000, 0]);
  assert.equal(await staging.hasBlob(blob.digest), true);
});

test('a partial file that is too long is copied from the start', async () => {
  const { staging } = await withPartial(Buffer.concat([bytes, bytes]));
  assert.deepEqual(await copy(staging), { how: 'copied', offsets: [0] });
});

test('a staged file of the wrong size is replaced', async () => {
  const { folder, staging } = await withPartial(Buffer.alloc(0));
  const path = join(folder, 'blobs', 'sha256', digestHex(blob.digest));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, 'short');
  assert.equal((await copy(staging)).how, 'copied');
  assert.equal((await stat(path)).size, blob.size);
});

test('a damaged staged manifest is never returned', async () => {
  const { folder, staging } = await withPartial(Buffer.alloc(0));
  const manifest = Buffer.from('{}');
  const digest = digestOf(manifest);
  await staging.writeManifest(digest, manifest);
  for (const damaged of ['{ ', '{}{}', 'x'.repeat(5_000_000)]) {
    await writeFile(join(folder, 'manifests', 'sha256', digestHex(digest)), damaged);
    await assert.rejects(staging.readManifest(digest), { code: 'DIGEST_MISMATCH', message: /is damaged/ });
  }
  await staging.writeManifest(digest, manifest);
  assert.deepEqual(await staging.readManifest(digest), manifest);
});

test('a full disk is named, and once there is room the copy goes on', async (t) => {
  await using disk = await mountSmallDisk(4096);
  if (disk === undefined) return t.skip(noSmallDisk);
  const filler = join(disk.path, 'filler');
  await writeFile(filler, Buffer.alloc(2 * 1024 * 1024));
  const staging = createFileStaging(join(disk.path, 'staging'));
  await assert.rejects(copy(staging), {
    code: 'STORAGE',
    message: /cannot write .*: the disk is full: free/,
  });
  assert.equal(await staging.hasBlob(blob.digest), false);
  await unlink(filler);
  const { how, offsets } = await copy(staging);
  assert.equal(how, 'resumed');
  assert.ok((offsets[0] ?? 0) > 1_000_000, `resumed at ${offsets[0]}`);
});

test('a folder that may not be written is named', async () => {
  const file = join(root, 'a-file');
  await writeFile(file, '');
  const staging = createFileStaging(join(file, 'staging'));
  await assert.rejects(copy(staging), {
    code: 'STORAGE',
    message: /there is a file where a folder should be/,
  });
});

test('pieces of every size give the same file', async () => {
  for (const size of [1024 * 1024 - 1, 1024 * 1024, 1024 * 1024 + 1, bytes.length]) {
    const folder = await mkdtemp(join(root, 'staging-'));
    const staging = createFileStaging(folder);
    await staging.writeBlob(
      blob,
      async () => pieces(bytes, size),
      () => {},
    );
    assert.equal(await hashOf(join(folder, 'blobs', 'sha256', digestHex(blob.digest))), blob.digest);
  }
});

test('a staged blob with a changed byte is found, and is copied again', async () => {
  const folder = await mkdtemp(join(root, 'staging-'));
  const staging = createFileStaging(folder);
  await copy(staging);
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(2_000_000) ^ 1, 2_000_000);
  await writeFile(join(folder, 'blobs', 'sha256', digestHex(blob.digest)), changed);
  assert.equal(await staging.checkBlob(blob, { advance: () => {} }), 'damaged');
  assert.deepEqual(await copy(staging), { how: 'copied', offsets: [0] });
  const signal = AbortSignal.abort();
  await assert.rejects(staging.checkBlob(blob, { advance: () => {}, signal }), { code: 'CANCELLED' });
});

test('only the owner sees into the staging area, whose files are for the tree', async () => {
  const folder = join(await mkdtemp(join(root, 'data-')), 'data', 'staging');
  const mode = async (path: string) => (await stat(path)).mode & 0o777;
  await copy(createFileStaging(folder));
  assert.equal(await mode(folder), 0o700);
  assert.equal((await mode(dirname(folder))) & 0o055, 0o055, 'the tree is in there too');
  assert.equal((await mode(join(folder, 'blobs', 'sha256', digestHex(blob.digest)))) & 0o444, 0o444);
});

async function hashOf(path: string): Promise<Digest> {
  return digestOf(await readFile(path));
}
