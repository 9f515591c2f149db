import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf } from '../../../test/fakes/rows-of.ts';
import {
  buildFourPlatforms,
  buildImage,
  type BuiltList,
  buildList,
} from '../../../test/fakes/image-builder.ts';
import { createMemoryPublications } from '../../../test/fakes/memory-publications.ts';
import { createMemoryStaging } from '../../../test/fakes/memory-staging.ts';
import { createMemoryTreeContents } from '../../../test/fakes/memory-tree-contents.ts';
import { createMemoryTree } from '../../../test/fakes/memory-tree.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parseTaggedReference } from '../../oci/reference.ts';
import { type CheckDeps, checkBlobs } from './check-blobs.ts';
import {
  type AcceptedImage,
  type PlacementDeps,
  placePublication,
  repairMarker,
} from './place-publication.ts';
import { readStagedContent } from './staged-content.ts';

type StagedForTest = Omit<AcceptedImage, 'blobs'> & {
  readonly signatures: ReadonlyMap<Digest, readonly Buffer[]>;
};

/** Places images with their lookaside signatures, and no further artifacts. */
async function place(
  deps: Omit<CheckDeps, 'treeReader'> & PlacementDeps & { readonly tree: CheckDeps['treeReader'] },
  staged: readonly StagedForTest[],
): Promise<{ readonly serial: number }> {
  const lookaside = staged.flatMap(({ image: { repository }, signatures }) =>
    [...signatures].map(([digest, list]) => ({ repository, digest, signatures: list })),
  );
  const { whole, damaged } = await checkBlobs({ ...deps, treeReader: deps.tree }, staged);
  assert.deepEqual(damaged, []);
  return placePublication(deps, { images: whole, requestSerial: 3, lookaside, artifacts: [], retired: [] });
}

async function createWorld() {
  const staging = createMemoryStaging();
  const memory = createMemoryPublications();
  const tree = createMemoryTree(staging.blobs);
  const world = { ...memory, staging, tree, contents: createMemoryTreeContents() };
  const stage = async (reference: string, list: BuiltList, signatures = ['one']): Promise<StagedForTest> => {
    for (const [digest, bytes] of list.blobs) staging.blobs.set(digest, bytes);
    for (const { digest, manifest } of [list, ...list.images]) await staging.writeManifest(digest, manifest);
    const image = { ...parseTaggedReference(reference), list: list.digest, staged: 1 };
    await memory.stagedImages.put(image);
    return {
      image,
      content: await readStagedContent(staging, list.digest),
      referrers: [],
      signatures: new Map<Digest, Buffer[]>(
        [...list.manifests.keys()].map((digest) => [digest, signatures.map((text) => Buffer.from(text))]),
      ),
      expires: 5000,
    };
  };
  return { ...world, stage };
}

const image = buildFourPlatforms();

test('an accepted image is in the tree, in the database and no longer staged', async () => {
  const world = await createWorld();
  const accepted = await world.stage('fedora/base:41', image);
  assert.deepEqual(await place(world, [accepted]), { serial: 1, missing: [] });
  const { repository, tag } = accepted.image;
  assert.deepEqual(await world.publications.findTag(repository, tag), {
    repository,
    tag,
    list: image.digest,
    requestSerial: 3,
    expires: 5000,
  });
  assert.equal(world.tree.blobs.size, image.blobs.size);
  assert.equal(world.tree.manifests.size, image.manifests.size);
  assert.equal(world.tree.signatures.size, image.manifests.size);
  assert.equal(world.contents.marker?.serial, 1);
  assert.deepEqual([...(world.contents.updates[0]?.[0].repositories ?? [])], [['fedora/base', 1]]);
  assert.deepEqual(await world.stagedImages.list(), []);
  assert.equal(world.staging.blobs.size + world.staging.manifests.size, 0);
});

test('what another staged image needs stays staged', async () => {
  const world = await createWorld();
  const accepted = await world.stage('fedora/base:41', image);
  const other = buildList([image.images[0] ?? assert.fail(), buildImage({ platform: 'linux/riscv64' })]);
  await world.stage('fedora/base:42', other);
  await place(world, [accepted]);
  for (const digest of other.blobs.keys()) assert.ok(await world.staging.hasBlob(digest), digest);
  await world.staging.readManifest(other.digest);
});

test('a blob that is published is placed from there, one that is nowhere is named before anything is placed', async () => {
  const world = await createWorld();
  await place(world, [await world.stage('fedora:41', image)]);
  const again = await world.stage('debian:12', image);
  world.staging.blobs.clear();
  assert.deepEqual(await place(world, [again]), { serial: 2, missing: [] });
  assert.ok(world.tree.blobs.has(`debian@${[...image.blobs.keys()][0]}`));

  const other = buildList([buildImage({ layers: [{ not: 'there' }] })]);
  const lost = await world.stage('alpine:3', other);
  world.staging.blobs.delete([...other.blobs.keys()][1] ?? assert.fail());
  const before = world.tree.blobs.size;
  const { whole, damaged } = await checkBlobs({ ...world, treeReader: world.tree }, [lost]);
  assert.deepEqual(whole, []);
  assert.match(JSON.stringify(damaged), /blob sha256:[0-9a-f]{64} is neither staged nor published/);
  assert.equal(world.tree.blobs.size, before);
  assert.equal((await world.publications.serials()).serial, 2);
});

test('whatever step fails, nothing is published before every file is there', async () => {
  const steps = ['placeBlob', 'placeManifest', 'placeSignatures', 'update'] as const;
  for (const step of steps) {
    const world = await createWorld();
    const accepted = await world.stage('fedora:41', image);
    const broken = {
      [step]: async () => {
        throw new SignpostError('STORAGE', step);
      },
    };
    const tree = { ...world.tree, ...broken };
    const contents = { ...world.contents, ...broken };
    await assert.rejects(place({ ...world, tree, contents }, [accepted]), { message: step });
    const isPublished = (await world.publications.serials()).serial === 1;
    assert.equal(isPublished, step === 'update', step);
    assert.equal((await world.stagedImages.list()).length, isPublished ? 0 : 1, step);
    assert.ok((world.contents.marker?.serial ?? 0) <= (await world.publications.serials()).serial);
    assert.equal(await repairMarker(world), isPublished ? 'repaired' : 'right');
    assert.equal(world.contents.marker?.serial ?? 0, isPublished ? 1 : 0);
  }
});

test('only what refers to something keeps what the referrers API answers', async () => {
  const world = await createWorld();
  const subject = buildImage();
  const built = buildImage({ annotations: { key: 'value' } });
  const manifest = Buffer.from(
    JSON.stringify({
      ...JSON.parse(built.manifest.toString()),
      artifactType: 'application/x.sbom',
      subject: subject.descriptor,
    }),
  );
  const descriptor = { ...built.descriptor, digest: digestOf(manifest), size: manifest.length };
  const list = buildList([built, { ...built, manifest, descriptor, digest: descriptor.digest }]);
  await place(world, [await world.stage('fedora:41', list)]);
  const rows = await rowsOf(world.content.manifests());
  assert.deepEqual(
    rows.find(({ digest }) => digest === descriptor.digest),
    {
      repository: 'fedora',
      digest: descriptor.digest,
      mediaType: descriptor.mediaType,
      size: manifest.length,
      subject: subject.digest,
      artifactType: 'application/x.sbom',
      annotations: { key: 'value' },
    },
  );
  assert.equal(rows.find(({ digest }) => digest === built.digest)?.annotations, undefined);
});

test('a marker ahead of the database is no work for a repair', async () => {
  const world = await createWorld();
  world.contents.marker = { serial: 4, contents: { digest: digestOf('index'), size: 5 } };
  await assert.rejects(repairMarker(world), { code: 'ROLLBACK', message: /put back to an older state/ });
});

test('the files outlast a power cut before anything names them', async () => {
  const world = await createWorld();
  const accepted = await world.stage('fedora/base:41', image);
  const broken = {
    ...world,
    tree: {
      ...world.tree,
      settle: () => Promise.reject(new SignpostError('STORAGE', 'the disk has failed')),
    },
  };
  await assert.rejects(place(broken, [accepted]), { code: 'STORAGE' });
  const { repository, tag } = accepted.image;
  assert.equal(await world.publications.findTag(repository, tag), undefined);
  assert.equal(world.contents.marker, undefined);
});
