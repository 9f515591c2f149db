import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parsePlatform } from '../../oci/platform.ts';
import { parseTaggedReference } from '../../oci/reference.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import {
  type BuiltManifest,
  buildFourPlatforms,
  buildImage,
  buildList,
} from '../../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../../test/fakes/memory-image-source.ts';
import { createPublishWorld } from '../../../test/fakes/publish-world.ts';
import { publishImage } from './publish-image.ts';
import { defaultLimits } from './publish-limits.ts';

const target = parseTaggedReference('fedora/base:41');
const createWorld = createPublishWorld;

type World = ReturnType<typeof createWorld>;

async function assertNothingStaged(world: World): Promise<void> {
  assert.deepEqual(await world.stagedImages.list(), []);
}

for (const docker of [false, true]) {
  const kind = docker ? 'Docker' : 'OCI';
  test(`a ${kind} list is staged with its bytes as they are`, async () => {
    const world = createWorld();
    const list = buildFourPlatforms({ docker });
    const result = await publishImage(world, createMemoryImageSource(list), target);
    assert.equal(result.outcome, 'staged');
    assert.equal(result.list, list.digest);
    assert.equal(result.madeBecause, undefined);
    assert.deepEqual(
      result.manifests.map(({ platform }) => platform),
      ['linux/amd64', 'linux/arm64/v8', 'linux/ppc64le', 'linux/s390x'],
    );
    assert.deepEqual(await world.stagedImages.list(), [{ ...target, list: list.digest, staged: 1000 }]);
    assert.deepEqual(new Set(world.staging.blobs.keys()), new Set(list.blobs.keys()));
    for (const [digest, { manifest }] of list.manifests) {
      assert.deepEqual(world.staging.manifests.get(digest), manifest);
    }
  });

  test(`a single ${kind} manifest is wrapped in a list of one`, async () => {
    const world = createWorld();
    const image = buildImage({ docker, platform: 'linux/arm64/v8' });
    const result = await publishImage(world, createMemoryImageSource(image), target);
    assert.equal(result.madeBecause, 'single-manifest');
    const list = JSON.parse((await world.staging.readManifest(result.list)).toString());
    assert.equal(list.mediaType, docker ? mediaTypes.dockerList : mediaTypes.ociIndex);
    assert.deepEqual(list.manifests, [
      {
        mediaType: image.mediaType,
        digest: image.digest,
        size: image.manifest.length,
        platform: { architecture: 'arm64', os: 'linux', variant: 'v8' },
      },
    ]);
    assert.deepEqual(world.staging.manifests.get(image.digest), image.manifest);
    const again = await publishImage(createWorld(), createMemoryImageSource(image), target);
    assert.equal(again.list, result.list, 'the same manifest always gets the same list');
  });
}

test('chosen platforms make a new list, and only their blobs are copied', async () => {
  const world = createWorld();
  const list = buildFourPlatforms();
  const source = createMemoryImageSource(list);
  const platforms = [parsePlatform('linux/arm64'), parsePlatform('s390x')];
  const result = await publishImage(world, source, target, { platforms });
  assert.equal(result.madeBecause, 'chosen-platforms');
  assert.notEqual(result.list, list.digest);
  assert.deepEqual(
    result.manifests.map(({ platform }) => platform),
    ['linux/arm64/v8', 'linux/s390x'],
  );
  const chosen = list.images.slice(1).filter((_, index) => index !== 1);
  const wanted = new Set(chosen.flatMap((image) => [...image.blobs.keys()]));
  assert.deepEqual(new Set(source.asked.map(({ digest }) => digest)), wanted);
});

test('a list that holds nothing but a list is that list', async () => {
  const world = createWorld();
  const list = buildFourPlatforms();
  const result = await publishImage(world, createMemoryImageSource(buildList([buildList([list])])), target);
  assert.equal(result.list, list.digest);
  assert.equal(result.madeBecause, undefined);
});

test('lists for different platforms inside a list are made into one', async () => {
  const world = createWorld();
  const [one, two, ...rest] = buildFourPlatforms().images;
  assert.ok(one !== undefined && two !== undefined);
  const nested = buildList([buildList([one, two]), ...rest]);
  const result = await publishImage(world, createMemoryImageSource(nested), target);
  assert.equal(result.madeBecause, 'nested-lists');
  assert.deepEqual(
    result.manifests.map(({ platform }) => platform),
    ['linux/amd64', 'linux/arm64/v8', 'linux/ppc64le', 'linux/s390x'],
  );
  const list = JSON.parse((await world.staging.readManifest(result.list)).toString());
  assert.deepEqual(
    list.manifests.map((entry: { digest: string }) => entry.digest),
    [one, two, ...rest].map(({ digest }) => digest),
  );
  const other = buildImage({ command: ['/other'] });
  const twice = buildList([buildList([one, two]), buildList([other])]);
  await assert.rejects(publishImage(createWorld(), createMemoryImageSource(twice), target), {
    code: 'MANIFEST_INVALID',
    message: /names another list, .* for the same platform/,
  });
  const deep = buildList([two, buildList([one, buildList([two, buildList([one, buildList([two, one])])])])]);
  await assert.rejects(publishImage(createWorld(), createMemoryImageSource(deep), target), {
    message: /nested deeper than/,
  });
});

test('attestations that are missing are left out and named; an image that is missing is refused with the way out', async () => {
  const image = buildImage();
  const arm = buildImage({ platform: 'linux/arm64/v8' });
  const attest = (digest: string, command: string) => {
    const built = buildImage({ platform: { os: 'unknown', architecture: 'unknown' }, command: [command] });
    const annotations = {
      'vnd.docker.reference.type': 'attestation-manifest',
      'vnd.docker.reference.digest': digest,
    };
    return { ...built, descriptor: { ...built.descriptor, annotations } };
  };
  const attestations = [attest(image.digest, 'a'), attest(arm.digest, 'b')];
  const list = buildList([image, arm, ...attestations]);
  const without = (...gone: readonly BuiltManifest[]): ImageSource => {
    const manifests = new Map(list.manifests);
    for (const { digest } of gone) manifests.delete(digest);
    return createMemoryImageSource({ ...list, manifests });
  };
  const whole = await publishImage(createWorld(), without(), target);
  assert.deepEqual([whole.list, whole.leftOut], [list.digest, []]);
  const result = await publishImage(createWorld(), without(...attestations), target);
  assert.equal(result.madeBecause, 'left-out');
  assert.deepEqual(
    result.leftOut.map(({ digest }) => digest),
    attestations.map(({ digest }) => digest),
  );
  assert.deepEqual(
    result.manifests.map(({ platform }) => platform),
    ['linux/amd64', 'linux/arm64/v8'],
  );
  const gone = without(arm, ...attestations);
  await assert.rejects(publishImage(createWorld(), gone, target), {
    code: 'NOT_FOUND',
    message: /does not hold .* linux\/arm64\/v8 .*--platform linux\/amd64/,
  });
  const amd64 = await publishImage(createWorld(), gone, target, { platforms: [parsePlatform('amd64')] });
  assert.deepEqual(
    amd64.leftOut.map(({ digest }) => digest),
    [attestations[0]?.digest],
  );
});

test('a source that knows what it lacks is believed before anything is copied', async () => {
  const image = buildImage();
  const arm = buildImage({ platform: 'linux/arm64/v8' });
  const source = createMemoryImageSource(buildList([image, arm]));
  const layer = [...arm.blobs.keys()].at(-1);
  const holds = ({ digest }: Descriptor) => Promise.resolve(digest !== layer);
  const world = createWorld();
  await assert.rejects(publishImage(world, { ...source, holds }, target), {
    code: 'NOT_FOUND',
    message: new RegExp(`linux/arm64/v8 \\(it lacks ${layer}`),
  });
  assert.equal(world.staging.blobs.size, 0);
});

test('a platform chooses entries of the list, and not all with the same digest', async () => {
  const world = createWorld();
  const image = buildImage();
  const other = {
    ...image,
    descriptor: { ...image.descriptor, platform: { os: 'linux', architecture: '386' } },
  };
  const source = createMemoryImageSource(buildList([image, other]));
  const result = await publishImage(world, source, target, { platforms: [parsePlatform('386')] });
  const list = JSON.parse((await world.staging.readManifest(result.list)).toString());
  assert.deepEqual(
    list.manifests.map((entry: { platform: { architecture: string } }) => entry.platform.architecture),
    ['386'],
  );
});

test('a platform that only the config says is found, and is written into the list that is made', async () => {
  const world = createWorld();
  const image = buildImage();
  const { platform, ...descriptor } = image.descriptor;
  const arm = buildImage({ platform: 'linux/arm64/v8' });
  const source = createMemoryImageSource(buildList([{ ...image, descriptor }, arm]));
  const result = await publishImage(world, source, target, { platforms: [parsePlatform('amd64')] });
  const list = JSON.parse((await world.staging.readManifest(result.list)).toString());
  assert.deepEqual(list.manifests, [{ ...descriptor, platform: { architecture: 'amd64', os: 'linux' } }]);
  assert.ok(platform !== undefined);
});

test('entries that cannot be published are left out and named', async () => {
  const image = buildImage();
  const manifests = [
    image.descriptor,
    { ...image.descriptor, digest: `sha512:${'a'.repeat(128)}` },
    { ...image.descriptor, mediaType: 'application/xml' },
  ];
  const bytes = text({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  const source = { ...createMemoryImageSource(image), root: async () => ({ bytes, mediaType: undefined }) };
  const result = await publishImage(createWorld(), source, target);
  assert.equal(result.madeBecause, 'left-out');
  assert.equal(result.leftOut.length, 2);
});

test('choosing every platform keeps the list', async () => {
  const list = buildFourPlatforms();
  const platforms = ['amd64', 'arm64', 'ppc64le', 's390x'].map(parsePlatform);
  const result = await publishImage(createWorld(), createMemoryImageSource(list), target, { platforms });
  assert.equal(result.list, list.digest);
  assert.equal(result.madeBecause, undefined);
});

test('the attestations of a chosen platform come along, those of others do not', async () => {
  const amd64 = buildImage({ platform: 'linux/amd64' });
  const arm64 = buildImage({ platform: 'linux/arm64' });
  const attestation = (about: BuiltManifest): BuiltManifest => {
    const image = buildImage({ platform: 'unknown/unknown', layers: [{ attests: about.digest }] });
    const annotations = { 'vnd.docker.reference.digest': about.digest };
    return { ...image, descriptor: { ...image.descriptor, annotations } };
  };
  const [one, two] = [attestation(amd64), attestation(arm64)];
  const list = buildList([amd64, arm64, one, two]);
  const platforms = [parsePlatform('arm64')];
  const result = await publishImage(createWorld(), createMemoryImageSource(list), target, { platforms });
  assert.deepEqual(
    result.manifests.map(({ digest }) => digest),
    [arm64.digest, two.digest],
  );
  const all = await publishImage(createWorld(), createMemoryImageSource(list), target);
  assert.equal(all.manifests.length, 4);
});

test('a platform that the image lacks is named, with those it has', async () => {
  for (const built of [buildFourPlatforms(), buildImage()]) {
    const world = createWorld();
    const platforms = [parsePlatform('linux/riscv64')];
    await assert.rejects(publishImage(world, createMemoryImageSource(built), target, { platforms }), {
      code: 'NOT_FOUND',
      message: /no linux\/riscv64: it (has|is for) linux\/amd64/,
    });
    await assertNothingStaged(world);
  }
});

test('what is published already is not copied again', async () => {
  const world = createWorld();
  const list = buildFourPlatforms();
  await world.publishByHand(target, list);
  const source = createMemoryImageSource(list);
  const result = await publishImage(world, source, target);
  assert.equal(result.outcome, 'already-published');
  assert.deepEqual(source.asked, []);
  await assertNothingStaged(world);
});

test('renewing stages a published image again without fetching a blob', async () => {
  const world = createWorld();
  const list = buildFourPlatforms();
  await world.publishByHand(target, list);
  const source = createMemoryImageSource(list);
  const result = await publishImage(world, source, target, { renew: true });
  assert.equal(result.outcome, 'staged');
  assert.equal(result.blobs.published, list.blobs.size);
  assert.deepEqual(source.asked, []);
  assert.equal((await world.stagedImages.list()).length, 1);
});

test('a published blob whose file is lost or has another size is fetched again', async () => {
  for (const damaged of [undefined, Buffer.from('short')]) {
    const world = createWorld();
    const list = buildFourPlatforms();
    await world.publishByHand(target, list);
    const lost = [...list.blobs.keys()].at(-1) ?? assert.fail();
    if (damaged === undefined) world.tree.blobs.delete(`${target.repository}@${lost}`);
    else world.tree.blobs.set(`${target.repository}@${lost}`, damaged);
    const source = createMemoryImageSource(list);
    await publishImage(world, source, target, { renew: true });
    assert.deepEqual(source.asked, [{ digest: lost, offset: 0 }]);
    assert.ok(await world.staging.hasBlob(lost));
  }
});

test('an interrupted copy goes on where it was', async () => {
  const world = createWorld();
  const image = buildImage({
    layers: [{ file: Buffer.from(Array.from({ length: 5000 }, (_, i) => i * i)) }],
  });
  const source = createMemoryImageSource(buildList([image]), { breakAfter: 100, pieceSize: 50 });
  await assert.rejects(publishImage(world, source, target, { parallel: 1 }), { code: 'UNAVAILABLE' });
  await assertNothingStaged(world);
  await assert.rejects(publishImage(world, source, target, { parallel: 1 }), { code: 'UNAVAILABLE' });
  const result = await publishImage(world, source, target, { parallel: 1 });
  assert.ok(source.asked.some(({ offset }) => offset === 100));
  assert.equal(result.blobs.resumed + result.blobs.present, 2);
});

test('an image for which there is no room is refused before anything is copied', async () => {
  const world = createWorld();
  const list = buildFourPlatforms();
  const sizes = [...list.blobs.values()].map((bytes) => bytes.length);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  world.staging.room.bytes = all - 1;
  await assert.rejects(publishImage(world, createMemoryImageSource(list), target), {
    code: 'STORAGE',
    message: /are not here yet, and the disk .* free: make room/,
  });
  assert.equal(world.staging.blobs.size, 0);
  // What is staged or published already needs no room.
  const [first = assert.fail(), second = assert.fail()] = list.blobs;
  world.staging.blobs.set(...first);
  await publishImage(world, createMemoryImageSource(list), target);
  world.staging.blobs.delete(first[0]);
  world.staging.room.bytes = first[1].length - 1;
  await assert.rejects(publishImage(world, createMemoryImageSource(list), target), { code: 'STORAGE' });
  await world.publishByHand(parseTaggedReference('other/image:1'), list);
  world.tree.blobs.delete(`other/image@${second[0]}`);
  assert.equal((await publishImage(world, createMemoryImageSource(list), target)).blobs.published, 8);
});

test('staging another image under the tag removes what only the first needed', async () => {
  const world = createWorld();
  const shared = { 'etc/motd': 'shared' };
  const [first, second] = ['1', '2'].map((text) => buildList([buildImage({ layers: [shared, { text }] })]));
  if (first === undefined || second === undefined) throw new Error('two images');
  await publishImage(world, createMemoryImageSource(first), target);
  await publishImage(world, createMemoryImageSource(second), target);
  assert.deepEqual(new Set(world.staging.blobs.keys()), new Set(second.blobs.keys()));
  assert.equal((await world.stagedImages.list()).length, 1);
});

test('a signal ends the copy, and what was copied is kept', async () => {
  const world = createWorld();
  const stop = new AbortController();
  const source = createMemoryImageSource(buildFourPlatforms(), {
    pieceSize: 10,
    damage: (_, bytes) => (stop.abort(), bytes),
  });
  await assert.rejects(publishImage(world, source, target, { signal: stop.signal }), { code: 'CANCELLED' });
  await assertNothingStaged(world);
});

test('the first failure ends the other copies', async () => {
  const world = createWorld();
  const list = buildList(
    Array.from({ length: 20 }, (_, index) => buildImage({ layers: [{ file: String(index) }] })),
  );
  const source = createMemoryImageSource(list, { damage: (_, bytes) => Buffer.alloc(bytes.length) });
  await assert.rejects(publishImage(world, source, target, { parallel: 2 }), { code: 'DIGEST_MISMATCH' });
  assert.ok(source.asked.length <= 4, `${source.asked.length} blobs were asked for`);
});

const image = buildImage();
const text = (value: unknown) => Buffer.from(JSON.stringify(value));
const listOf = (...manifests: readonly unknown[]) =>
  text({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
const manifestOf = (change: Readonly<Record<string, unknown>>) => {
  const bytes = text({ ...JSON.parse(image.manifest.toString()), ...change });
  return { bytes, descriptor: { ...image.descriptor, digest: digestOf(bytes), size: bytes.length } };
};
const layer: Descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: digestOf('layer'), size: 5 };
const foreign = manifestOf({
  layers: [{ ...layer, mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip' }],
});
const withUrls = manifestOf({ layers: [{ ...layer, urls: ['https://example.org/layer'] }] });
const twoSizes = manifestOf({ layers: [layer, { ...layer, size: 6 }] });
const manyLayers = manifestOf({ layers: Array.from({ length: 600 }, () => layer) });
const huge = manifestOf({ layers: [{ ...layer, size: 2 ** 45 }] });

const refused: readonly {
  readonly what: string;
  readonly root: Buffer;
  readonly manifest?: Buffer;
  readonly code: string;
  readonly message: RegExp;
}[] = [
  { what: 'no JSON', root: Buffer.from('<html>'), code: 'MANIFEST_INVALID', message: /not JSON/ },
  { what: 'an empty list', root: listOf(), code: 'MANIFEST_INVALID', message: /names no manifests/ },
  {
    what: 'a list of more than 4 MiB',
    root: Buffer.alloc(4 * 1024 * 1024 + 1, ' '),
    code: 'LIMIT_EXCEEDED',
    message: /4194305 bytes/,
  },
  {
    what: 'a manifest announced as a list',
    root: listOf({ ...image.descriptor, mediaType: mediaTypes.ociIndex }),
    code: 'MANIFEST_INVALID',
    message: /was announced as/,
  },
  {
    what: 'something that is no manifest',
    root: listOf({ ...image.descriptor, mediaType: 'text/plain' }),
    code: 'MANIFEST_INVALID',
    message: /passed over: .*text\/plain/,
  },
  {
    what: 'a manifest of another size',
    root: listOf({ ...image.descriptor, size: 7 }),
    code: 'DIGEST_MISMATCH',
    message: /expected 7 bytes, got/,
  },
  {
    what: 'a manifest with other bytes',
    root: listOf(image.descriptor),
    manifest: Buffer.alloc(image.manifest.length, ' '),
    code: 'DIGEST_MISMATCH',
    message: /got \d+ bytes with sha256:/,
  },
  {
    what: 'a manifest announced as over 4 MiB',
    root: listOf({ ...image.descriptor, size: 4 * 1024 * 1024 + 1 }),
    code: 'LIMIT_EXCEEDED',
    message: /bytes of manifest/,
  },
  {
    what: 'a manifest announced with another type',
    root: listOf({ ...image.descriptor, mediaType: mediaTypes.dockerManifest }),
    code: 'MANIFEST_INVALID',
    message: /announced as/,
  },
  {
    what: 'a foreign layer',
    root: listOf(foreign.descriptor),
    manifest: foreign.bytes,
    code: 'MANIFEST_INVALID',
    message: /layers\[0\] of linux\/amd64 .* foreign layer/,
  },
  {
    what: 'a layer with urls',
    root: listOf(withUrls.descriptor),
    manifest: withUrls.bytes,
    code: 'MANIFEST_INVALID',
    message: /"urls"/,
  },
  {
    what: 'a blob with two sizes',
    root: listOf(twoSizes.descriptor),
    manifest: twoSizes.bytes,
    code: 'MANIFEST_INVALID',
    message: /disagree on the size/,
  },
  {
    what: 'too many layers',
    root: listOf(manyLayers.descriptor),
    manifest: manyLayers.bytes,
    code: 'LIMIT_EXCEEDED',
    message: /layers of linux\/amd64: 600/,
  },
  {
    what: 'an absurdly large blob',
    root: listOf(huge.descriptor),
    manifest: huge.bytes,
    code: 'LIMIT_EXCEEDED',
    message: /bytes of blob/,
  },
  {
    what: 'too many manifests',
    root: listOf(...Array.from({ length: defaultLimits.manifests + 1 }, () => image.descriptor)),
    code: 'LIMIT_EXCEEDED',
    message: /manifests in the list: 257/,
  },
];

for (const { what, root, manifest, code, message } of refused) {
  test(`${what} is refused and changes nothing`, async () => {
    const world = createWorld();
    const source: ImageSource = {
      ...createMemoryImageSource(image),
      root: async () => ({ bytes: root, mediaType: undefined }),
      manifest: async () => ({ bytes: manifest ?? image.manifest, mediaType: undefined }),
      blob: async () => assert.fail('a blob was asked for'),
    };
    await assert.rejects(publishImage(world, source, target), { code, message });
    await assertNothingStaged(world);
    assert.equal(world.staging.manifests.size, 0);
  });
}

test('a missing blob and damaged blobs are refused and nothing is staged', async () => {
  const list = buildFourPlatforms();
  const [lost = assert.fail()] = list.images[0]?.blobs.keys() ?? [];
  const sources: readonly (readonly [ImageSource, string])[] = [
    [
      createMemoryImageSource({ ...list, blobs: new Map([...list.blobs].filter(([d]) => d !== lost)) }),
      'NOT_FOUND',
    ],
    [createMemoryImageSource(list, { damage: (_, bytes) => bytes.subarray(1) }), 'DIGEST_MISMATCH'],
    [
      createMemoryImageSource(list, { damage: (_, bytes) => Buffer.concat([bytes, bytes]) }),
      'DIGEST_MISMATCH',
    ],
  ];
  for (const [source, code] of sources) {
    const world = createWorld();
    await assert.rejects(publishImage(world, source, target), { code });
    await assertNothingStaged(world);
  }
});

test('a config that does not say its platform is refused', async () => {
  const config = text({ rootfs: {} });
  const descriptor = { mediaType: mediaTypes.ociConfig, digest: digestOf(config), size: config.length };
  const single = manifestOf({ config: descriptor });
  const source: ImageSource = {
    ...createMemoryImageSource({ ...image, blobs: new Map([[descriptor.digest, config]]) }),
    root: async () => ({ bytes: single.bytes, mediaType: undefined }),
  };
  await assert.rejects(publishImage(createWorld(), source, target), {
    code: 'MANIFEST_INVALID',
    message: /names no "os"/,
  });
});

test('a repository whose signatures could not be stored is refused', async () => {
  const long = parseTaggedReference(`${'a'.repeat(184)}:1`);
  await assert.rejects(publishImage(createWorld(), createMemoryImageSource(image), long), {
    code: 'REFERENCE_INVALID',
    message: /at most 183/,
  });
});

test('a tag that is kept for signatures is refused', async () => {
  const hex = '0'.repeat(64);
  for (const tag of [`sha256-${hex}.sig`, `sha256-${hex}.att`, `sha256-${hex}`]) {
    const world = createWorld();
    const publishing = publishImage(
      world,
      createMemoryImageSource(buildFourPlatforms()),
      parseTaggedReference(`fedora/base:${tag}`),
    );
    await assert.rejects(publishing, { code: 'REFERENCE_INVALID', message: /kept for signatures/ });
    await assertNothingStaged(world);
  }
});
