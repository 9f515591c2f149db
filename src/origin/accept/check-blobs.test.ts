import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { buildFourPlatforms, buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { linesOf } from '../../../test/fakes/memory-new-file.ts';
import { createSigningWorld, createTestSigners, signText } from '../../../test/fakes/signing-world.ts';
import { createFileStaging } from '../../adapters/tree/file-staging.ts';
import { createFileTreeReader } from '../../adapters/tree/file-tree-reader.ts';
import { createFileTreeWriter } from '../../adapters/tree/file-tree-writer.ts';
import { blobPath, stagingPaths } from '../../adapters/tree/tree-paths.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import { acceptBundle } from './accept-bundle.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-check-'));
after(() => rm(root, { recursive: true }));

const { rsa } = await createTestSigners();
const four = buildFourPlatforms();
const other = buildList([buildImage({ platform: 'linux/arm64', layers: [{ other: 'content' }] })]);
const base = parseRepositoryName('fedora/base');
const [[digest, bytes] = assert.fail('no blob')] = four.blobs;
const changed = Buffer.from(bytes);
changed.writeUInt8(changed.readUInt8(0) ^ 1, 0);

function fileOf(content: Buffer) {
  return async () => {
    return (async function* () {
      yield content;
    })();
  };
}

/** An origin whose files are on the disk, with a good image staged. */
async function createOrigin() {
  const data = await mkdtemp(join(root, 'data-'));
  const folders = { tree: join(data, 'tree'), staging: join(data, 'staging') };
  const world = await createSigningWorld();
  const staging = createFileStaging(folders.staging);
  const copyManifests = async () => {
    for (const [name, { manifest }] of four.manifests) await staging.writeManifest(name, manifest);
  };
  const copy = async () => {
    await copyManifests();
    const outcomes = new Set<string>();
    for (const [name, content] of four.blobs) {
      const blob = { digest: name, size: content.length };
      outcomes.add(await staging.writeBlob(blob, fileOf(content), () => {}));
    }
    return outcomes;
  };
  await copy();
  await world.stage('fedora/base:41', four);
  const files = {
    ...world.deps.files,
    staging,
    tree: createFileTreeWriter(folders),
    treeReader: createFileTreeReader(folders.tree),
  };
  const deps = { ...world.deps, files };
  return {
    world,
    copy,
    copyManifests,
    stagedPath: stagingPaths(folders.staging).blob(digest),
    treePath: (repository = base) => blobPath(folders.tree, repository, digest),
    accept: async () =>
      acceptBundle(deps, linesOf(await signText(await world.request(), rsa)), world.clock.now()),
  };
}

for (const [what, damaged] of [
  ['with a changed byte', changed],
  ['that is a byte short', bytes.subarray(1)],
] as const) {
  test(`a staged blob ${what} is never published, and publishing again mends it`, async () => {
    const { world, copy, stagedPath, treePath, accept } = await createOrigin();
    await rm(stagedPath);
    await writeFile(stagedPath, damaged);
    const { serial, refused } = await accept();
    assert.equal(serial, undefined);
    assert.partialDeepStrictEqual(refused, [{ tag: '41', reason: { kind: 'staging-damaged' } }]);
    await assert.rejects(readFile(treePath()), { code: 'ENOENT' });
    assert.match(
      (await world.stagedImages.list())[0]?.reason ?? '',
      /was damaged since it was staged.*publish it again/,
    );
    assert.deepEqual(await copy(), new Set(['copied', 'present']));
    assert.equal((await accept()).published.length, 1);
    assert.equal(digestOf(await readFile(treePath())), digest);
    await assert.rejects(readFile(stagedPath), { code: 'ENOENT' }, 'staging is tidied');
  });
}

test("a damaged file at a blob's place in the tree is replaced by the staged one", async () => {
  const { treePath, accept } = await createOrigin();
  await mkdir(dirname(treePath()), { recursive: true });
  await writeFile(treePath(), changed);
  assert.equal((await accept()).published.length, 1);
  assert.equal(digestOf(await readFile(treePath())), digest);
});

test('a blob that another repository has is hashed before it is taken from there', async () => {
  const { world, copyManifests, treePath, accept } = await createOrigin();
  await accept();
  const debian = parseRepositoryName('debian');
  for (const [damaged, count] of [
    [changed, 0],
    [bytes, 1],
  ] as const) {
    await rm(treePath());
    await writeFile(treePath(), damaged);
    await copyManifests();
    await world.stage('debian:12', four);
    const { published, refused } = await accept();
    assert.equal(published.length, count);
    if (count > 0) continue;
    assert.partialDeepStrictEqual(refused, [{ reason: { kind: 'staging-damaged' } }]);
    assert.match((await world.stagedImages.list())[0]?.reason ?? '', /fedora\/base, where it is damaged/);
    await assert.rejects(readFile(treePath(debian)), { code: 'ENOENT' });
  }
  assert.equal(digestOf(await readFile(treePath(debian))), digest);
});

test('that a repository keeps its own blob vouches for it to no other repository', async () => {
  const { world, copyManifests, treePath, accept } = await createOrigin();
  await accept();
  await rm(treePath());
  await writeFile(treePath(), changed);
  await copyManifests();
  // Two images of one bundle want the same blob, and the one that has it already comes first.
  await world.stage('a/base:1', four);
  await world.stage('fedora/base:42', four);
  await world.stage('zebra:1', four);
  const { published, refused } = await accept();
  assert.deepEqual(
    [published.map(({ repository }) => repository), refused.map(({ repository }) => repository)],
    [[base], ['a/base', 'zebra']],
  );
  for (const name of ['a/base', 'zebra'])
    await assert.rejects(readFile(treePath(parseRepositoryName(name))), { code: 'ENOENT' });
});

test('the other images of a bundle are published; what was hashed is told', async () => {
  const world = await createSigningWorld();
  await world.stage('fedora/base:41', four);
  await world.stage('fedora/base:42', other);
  world.staging.blobs.set(digest, changed);
  const told = new Map<string, number>();
  const progress = {
    start: (label: string, size: number) => void told.set(label, size),
    advance: (label: string, size: number) => void told.set(label, (told.get(label) ?? 0) - size),
    finish: () => undefined,
  };
  const bundle = await signText(await world.request(), rsa);
  const deps = { ...world.deps, watch: { progress } };
  const { published, refused } = await acceptBundle(deps, linesOf(bundle), world.clock.now());
  assert.deepEqual([published.map(({ tag }) => tag), refused.map(({ tag }) => tag)], [['42'], ['41']]);
  assert.deepEqual(new Set(told.keys()), new Set([...four.blobs.keys(), ...other.blobs.keys()]));
  assert.deepEqual(new Set(told.values()), new Set([0]));
  assert.equal(world.staging.blobs.has(digest), false);
});

test('a blob that was removed because one image is wrong about its size is gone for the others too', async () => {
  const world = await createSigningWorld();
  const built = other.images[0] ?? assert.fail();
  const manifest = Buffer.from(
    built.manifest.toString().replace(/("layers":.*?"size":)\d+/, (_, before: string) => `${before}7`),
  );
  const descriptor = { ...built.descriptor, digest: digestOf(manifest), size: manifest.length };
  await world.staging.writeManifest(descriptor.digest, manifest);
  await world.stage('a:1', other);
  await world.stage('b:1', buildList([{ ...built, manifest, descriptor, digest: descriptor.digest }]));
  const bundle = linesOf(await signText(await world.request(), rsa));
  const { published, refused } = await acceptBundle(world.deps, bundle, world.clock.now());
  assert.deepEqual(published, []);
  assert.partialDeepStrictEqual(refused, [
    { repository: 'a', reason: { kind: 'staging-damaged' } },
    { repository: 'b', reason: { kind: 'staging-damaged' } },
  ]);
  assert.deepEqual([world.tree.blobs.size, world.tree.manifests.size], [0, 0]);
});
