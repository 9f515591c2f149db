import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { execFileSync } from 'node:child_process';
import { fails } from '../../../../test/fakes/expect-error.ts';
import { readBlob } from '../../../../test/contracts/image-source.ts';
import { buildFourPlatforms, buildImage, writeLayout } from '../../../../test/fakes/image-builder.ts';
import type { Descriptor } from '../../../oci/descriptor.ts';
import { digestOf } from '../../../oci/digest.ts';
import { parseImageSource } from '../../../oci/image-source-name.ts';
import { parseListEntries } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import { parsePlatform, type Platform } from '../../../oci/platform.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import { openImageSource } from '../open-image-source.ts';
import type { ImageSourceOptions } from '../source-options.ts';
import { chooseLayoutRoot, type LayoutSelector } from './layout-root.ts';
import { blobPath } from './layout-source.ts';

const list = buildFourPlatforms();
const [layer] = [...list.blobs].filter(([, bytes]) => bytes[0] === 0x1f);
const descriptor = { mediaType: 'x/y', digest: layer?.[0] ?? digestOf(''), size: layer?.[1].length ?? 0 };

let top: string;
let folder: string;
let count = 0;
before(async () => {
  top = await mkdtemp(join(tmpdir(), 'signpost-layout-'));
});
after(() => rm(top, { recursive: true, force: true }));
beforeEach(async () => {
  folder = join(top, `layout-${count++}`);
  await writeLayout(folder, list);
});

async function using(work: (source: ImageSource) => Promise<void>): Promise<void> {
  const source = await openImageSource(parseImageSource(`oci:${folder}`), { temporaryFolder: top });
  try {
    await work(source);
  } finally {
    await source.close();
  }
}

describe('a layout folder', () => {
  test('may be reached through a link, but nothing in it may lead out of it', async () => {
    const path = join(folder, blobPath(descriptor.digest));
    await rename(path, join(top, 'outside'));
    await symlink(join(top, 'outside'), path);
    await using((source) =>
      assert.rejects(readBlob(source, descriptor, 0), fails('SOURCE_INVALID', 'leaves the layout')),
    );

    await rename(join(folder, 'blobs'), join(top, 'blobs-outside'));
    await symlink(join(top, 'blobs-outside'), join(folder, 'blobs'));
    await using((source) => assert.rejects(source.root(), fails('SOURCE_INVALID', 'leaves the layout')));

    await symlink(folder, join(top, 'link'));
    folder = join(top, 'link');
    await using((source) => assert.rejects(source.root(), fails('SOURCE_INVALID', 'leaves the layout')));
  });

  test('may keep a blob as a link to another place inside', async () => {
    const path = join(folder, blobPath(descriptor.digest));
    await rename(path, join(folder, 'elsewhere'));
    await symlink('../../elsewhere', path);
    await using(async (source) => {
      assert.equal(digestOf(await readBlob(source, descriptor, 0)), descriptor.digest);
    });
  });

  test('with a pipe for a blob does not keep anybody waiting', async () => {
    const path = join(folder, blobPath(descriptor.digest));
    await rm(path);
    execFileSync('/usr/bin/mkfifo', [path]);
    await using((source) =>
      assert.rejects(readBlob(source, descriptor, 0), fails('SOURCE_INVALID', 'not a file')),
    );
  });

  test('whose root has other bytes than its digest is refused', async () => {
    await truncate(join(folder, blobPath(list.digest)), 10);
    await using((source) => assert.rejects(source.root(), fails('SOURCE_INVALID', 'digest in its name')));
  });

  for (const [file, content, code, text] of [
    ['oci-layout', '{"imageLayoutVersion":"2.0.0"}', 'SOURCE_INVALID', 'version "2.0.0"'],
    ['oci-layout', 'null', 'SOURCE_INVALID', 'version'],
    ['oci-layout', '[]', 'SOURCE_INVALID', 'the version missing: expected "imageLayoutVersion"'],
    ['oci-layout', '', 'SOURCE_INVALID', 'oci-layout is empty'],
    ['oci-layout', '{', 'SOURCE_INVALID', 'not JSON'],
    ['index.json', '', 'SOURCE_INVALID', 'index.json: it is empty'],
    ['index.json', 'null', 'SOURCE_INVALID', 'index.json: the manifest is "null": expected an object'],
    ['index.json', '[]', 'SOURCE_INVALID', 'index.json: the manifest is "[]": expected an object'],
    ['index.json', '{"schemaVersion":2,"manifests":null}', 'NOT_FOUND', 'names no image'],
    ['index.json', '{"schemaVersion":2,"manifests":[null]}', 'SOURCE_INVALID', 'manifests[0] is "null"'],
    ['oci-layout', ' '.repeat(10_000), 'LIMIT_EXCEEDED', 'more than 4096'],
    ['index.json', '{', 'SOURCE_INVALID', 'index.json'],
    ['index.json', '{"schemaVersion":2,"manifests":[]}', 'NOT_FOUND', 'names no image'],
    [
      'index.json',
      `{"schemaVersion":2,"manifests":[{"mediaType":"${mediaTypes.ociManifest}","digest":"../../x"}]}`,
      'SOURCE_INVALID',
      'manifests[0]',
    ],
    ['index.json', ' '.repeat(5_000_000), 'LIMIT_EXCEEDED', 'more than'],
  ] as const) {
    test(`with ${content.slice(0, 40)} as its ${file} is refused`, async () => {
      await writeFile(join(folder, file), content);
      await using((source) => assert.rejects(source.root(), fails(code, text)));
    });
  }
});

describe('the choice among the entries of index.json', () => {
  const [amd64, arm64] = ['linux/amd64', 'linux/arm64'].map(
    (platform) => buildImage({ platform }).descriptor,
  );
  assert.ok(amd64 !== undefined && arm64 !== undefined);
  const named = (entry: Descriptor, ref: string): Descriptor => ({
    ...entry,
    annotations: { 'org.opencontainers.image.ref.name': ref },
  });
  const entriesOf = (manifests: readonly unknown[]) =>
    parseListEntries(Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })), mediaTypes.ociIndex);
  const choose = async (
    manifests: readonly unknown[],
    selector: LayoutSelector = {},
    platforms: ReadonlyMap<string, Platform> = new Map(),
  ) => {
    const read = (entry: Descriptor) => Promise.resolve(platforms.get(entry.digest));
    const chosen = await chooseLayoutRoot(entriesOf(manifests), selector, read, 'layout');
    return chosen.kind === 'entries' ? chosen.entries.map(({ descriptor }) => descriptor) : chosen;
  };
  const entry = (descriptor: Descriptor) => ({ kind: 'entry', descriptor });
  const bare = (descriptor: Descriptor): Descriptor => {
    const { platform: _, ...rest } = descriptor;
    return rest;
  };
  const wanted = (text: string) => ({ platforms: [parsePlatform(text)] });

  test('a single entry needs no name', async () => {
    assert.deepEqual(await choose([named(amd64, 'x')]), entry(named(amd64, 'x')));
    assert.deepEqual(await choose([named(amd64, 'x'), named(amd64, 'y')]), entry(named(amd64, 'x')));
  });

  test('platforms of one image are a list, with one name or with none', async () => {
    assert.deepEqual(await choose([amd64, arm64]), [amd64, arm64]);
    const both = [named(amd64, 'x'), named(arm64, 'x')];
    assert.deepEqual(await choose(both), both);
    assert.deepEqual(await choose(both, { ref: 'x' }), both);
    assert.deepEqual(await choose([...both, named(list.descriptor, 'y')], { ref: 'x' }), both);
  });

  test('images with different names, with the same platform, without platforms, or lists are not', async () => {
    for (const entries of [
      [named(amd64, 'x'), named(arm64, 'y')],
      [named(amd64, 'x'), arm64],
      [amd64, bare(arm64)],
      [amd64, { ...arm64, platform: amd64.platform }],
      [amd64, { ...list.descriptor, platform: { os: 'linux', architecture: 'arm64' } }],
    ]) {
      await assert.rejects(choose(entries), fails('SOURCE_INVALID', 'name one of them'));
    }
  });

  test('a digest and a position name an entry, and a digest what is below one', async () => {
    const entries = [bare(amd64), bare(arm64)];
    assert.deepEqual(await choose(entries, { digest: arm64.digest }), entry(bare(arm64)));
    assert.deepEqual(await choose(entries, { position: 1 }), entry(bare(arm64)));
    const digest = digestOf('below');
    assert.deepEqual(await choose(entries, { digest }), { kind: 'digest', digest });
    await assert.rejects(choose(entries, { position: 2 }), fails('NOT_FOUND', 'at position 2 (it has @0'));
  });

  test('a platform chooses among entries, whether they say theirs or their configs do', async () => {
    const both = [named(amd64, 'x'), named(arm64, 'x'), named(list.descriptor, 'y')];
    assert.deepEqual(await choose(both, { ref: 'x', ...wanted('linux/arm64') }), entry(named(arm64, 'x')));
    const configs = new Map([amd64, arm64].map((one) => [one.digest, one.platform ?? assert.fail()]));
    const bareBoth = [bare(amd64), bare(arm64)];
    assert.deepEqual(await choose(bareBoth, wanted('linux/arm64'), configs), entry(arm64));
    assert.deepEqual(await choose(bareBoth, {}, configs), [amd64, arm64]);
    await assert.rejects(
      choose(both, { ref: 'x', ...wanted('s390x') }),
      fails('NOT_FOUND', 'for linux/s390x'),
    );
    await assert.rejects(
      choose([named(amd64, 'x'), named({ ...amd64, digest: arm64.digest }, 'y')], wanted('amd64')),
      fails('SOURCE_INVALID', 'name one of them'),
    );
  });

  test('what cannot be published is passed over, and named when nothing else is left', async () => {
    const others = [
      { ...amd64, mediaType: 'application/xml' },
      { ...amd64, digest: `sha512:${'a'.repeat(128)}` },
    ];
    assert.deepEqual(await choose([...others, arm64]), entry(arm64));
    await assert.rejects(choose(others), fails('NOT_FOUND', '@0 is passed over'));
    await assert.rejects(choose([...others, arm64], { position: 1 }), fails('NOT_FOUND', 'sha512:'));
  });

  test("containerd's annotation names an image too", async () => {
    const named = { ...amd64, annotations: { 'io.containerd.image.name': 'docker.io/library/x:1' } };
    assert.deepEqual(await choose([named, arm64], { ref: 'x:1' }), entry(named));
  });
});

describe('the root of a layout', () => {
  const refName = (ref: string) => ({ annotations: { 'org.opencontainers.image.ref.name': ref } });
  const [first, second, third] = list.images;
  assert.ok(first !== undefined && second !== undefined && third !== undefined);

  async function rootOf(suffix: string, manifests: unknown, options: Partial<ImageSourceOptions> = {}) {
    await writeFile(join(folder, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests }));
    const name = parseImageSource(`oci:${folder}${suffix}`);
    const source = await openImageSource(name, { temporaryFolder: top, ...options });
    try {
      return await source.root();
    } finally {
      await source.close();
    }
  }

  test('is a list of the entries with one name, and each has its platform', async () => {
    const { platform: _, ...bareSecond } = second.descriptor;
    const entries = [
      { ...first.descriptor, ...refName('v1') },
      { ...bareSecond, ...refName('v1') },
      { ...third.descriptor, ...refName('v2') },
    ];
    const { bytes, mediaType } = await rootOf(':v1', entries);
    assert.equal(mediaType, mediaTypes.ociIndex);
    assert.deepEqual(JSON.parse(Buffer.from(bytes).toString()).manifests, [
      entries[0],
      { ...entries[1], platform: second.descriptor.platform },
    ]);
  });

  test('is what a digest names, at the top or below', async () => {
    const entries = [{ ...list.descriptor, ...refName('v1') }];
    for (const built of [list, second]) {
      const { bytes } = await rootOf(`@${built.digest}`, entries);
      assert.deepEqual(Buffer.from(bytes), built.manifest);
    }
    await assert.rejects(rootOf(`@${digestOf('absent')}`, entries), fails('NOT_FOUND', 'blobs/sha256/'));
  });

  test('keeps the platform that only index.json knows', async () => {
    const platform = { os: 'linux', architecture: 'arm', variant: 'v7' };
    assert.deepEqual((await rootOf('', [{ ...first.descriptor, platform }])).platform, platform);
  });
});
