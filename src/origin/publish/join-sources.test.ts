import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fails } from '../../../test/fakes/expect-error.ts';
import {
  type BuiltManifest,
  buildFourPlatforms,
  buildImage,
  buildList,
} from '../../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../../test/fakes/memory-image-source.ts';
import { createPublishWorld } from '../../../test/fakes/publish-world.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { parseTaggedReference } from '../../oci/reference.ts';
import { publishSources } from './publish-source.ts';

const target = parseTaggedReference('fedora/base:41');

function build(platform: string, docker = false) {
  return buildImage({ docker, platform, layers: [{ platform }] });
}

/** Publishes what these sources have; they are named a, b, c. */
async function publish(images: readonly BuiltManifest[], platforms: readonly string[] = []) {
  const world = createPublishWorld();
  const sources = images.map((image, index) => ({
    ...createMemoryImageSource(image),
    name: String.fromCharCode(97 + index),
  }));
  const options = { platforms: platforms.map(parsePlatform) };
  const result = await publishSources(world, sources, target, options);
  return { world, result, shown: result.manifests.map(({ platform }) => platform) };
}

test('several manifests become one list, in the order of their sources, with the same bytes each time', async () => {
  const images = ['linux/arm64/v8', 'linux/amd64', 'linux/s390x'].map((platform) => build(platform));
  const { world, result, shown } = await publish(images);
  assert.deepEqual(shown, ['linux/arm64/v8', 'linux/amd64', 'linux/s390x']);
  assert.equal(result.madeBecause, 'several-sources');
  const list = parseManifest(await world.staging.readManifest(result.list));
  assert.ok(list.kind === 'list');
  assert.equal(list.mediaType, mediaTypes.ociIndex);
  assert.deepEqual(
    list.manifests.map(({ digest, platform }) => [digest, platform?.architecture]),
    images.map(({ digest }, index) => [digest, ['arm64', 'amd64', 's390x'][index]]),
  );
  assert.deepEqual(
    new Set(world.staging.blobs.keys()),
    new Set(images.flatMap(({ blobs }) => [...blobs.keys()])),
  );
  assert.equal((await publish(images)).result.list, result.list);
  assert.notEqual((await publish(images.toReversed())).result.list, result.list);
});

test('a list brings its entries as they are', async () => {
  const list = buildFourPlatforms();
  const { world, result, shown } = await publish([build('linux/riscv64'), list]);
  assert.deepEqual(shown, ['linux/riscv64', 'linux/amd64', 'linux/arm64/v8', 'linux/ppc64le', 'linux/s390x']);
  const made = JSON.parse(Buffer.from(await world.staging.readManifest(result.list)).toString());
  assert.deepEqual(made.manifests.slice(1), JSON.parse(list.manifest.toString()).manifests);
});

test('what is all of Docker becomes a Docker list, and a mixture an OCI index', async () => {
  const typeOf = async (...images: BuiltManifest[]) => {
    const { world, result } = await publish(images);
    return parseManifest(await world.staging.readManifest(result.list)).mediaType;
  };
  assert.equal(await typeOf(build('linux/amd64', true), build('linux/arm64', true)), mediaTypes.dockerList);
  assert.equal(await typeOf(build('linux/amd64', true), build('linux/arm64')), mediaTypes.ociIndex);
});

test('--platform chooses among all sources', async () => {
  const images = ['linux/amd64', 'linux/arm64', 'linux/s390x'].map((platform) => build(platform));
  assert.deepEqual((await publish(images, ['linux/s390x', 'linux/amd64'])).shown, [
    'linux/amd64',
    'linux/s390x',
  ]);
  await assert.rejects(publish(images, ['linux/riscv64']), fails('NOT_FOUND', 'linux/riscv64'));
});

test('a platform that two sources have is refused, by the names of both, before anything is copied', async () => {
  const other = buildImage({ platform: 'linux/amd64', layers: [{ other: 'x' }] });
  await assert.rejects(
    publish([build('linux/amd64'), build('linux/arm64'), other]),
    fails('MANIFEST_INVALID', 'a and c both have linux/amd64'),
  );
  await assert.rejects(
    publish([build('linux/riscv64'), buildFourPlatforms(), build('linux/ppc64le')]),
    fails('MANIFEST_INVALID', 'b and c both have linux/ppc64le'),
  );
  // The same image twice is a mistake too.
  await assert.rejects(publish([other, other]), fails('MANIFEST_INVALID', 'a and b both have linux/amd64'));
});

test('what cannot be in a list is refused by the name of its source', async () => {
  const empty = buildList([]);
  await assert.rejects(
    publish([build('linux/amd64'), { ...empty, manifest: Buffer.from('{}') }]),
    fails('MANIFEST_INVALID', 'b, '),
  );
});
