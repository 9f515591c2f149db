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
import { mediaTypes } from '../../../oci/media-types.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import { openImageSource } from '../open-image-source.ts';
import { chooseLayoutRoot } from './layout-root.ts';
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
    ['oci-layout', '{', 'SOURCE_INVALID', 'not JSON'],
    ['oci-layout', ' '.repeat(10_000), 'LIMIT_EXCEEDED', 'more than 4096'],
    ['index.json', '{', 'SOURCE_INVALID', 'index.json'],
    ['index.json', '{"schemaVersion":2,"manifests":[]}', 'NOT_FOUND', 'names no image'],
    [
      'index.json',
      '{"schemaVersion":2,"manifests":[{"digest":"../../x"}]}',
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
  const choose = (manifests: readonly Descriptor[], ref?: string) =>
    chooseLayoutRoot({ kind: 'list', mediaType: mediaTypes.ociIndex, manifests }, ref, 'layout');

  test('a single entry needs no name', () => {
    assert.deepEqual(choose([named(amd64, 'x')]), { kind: 'entry', descriptor: named(amd64, 'x') });
  });

  test('platforms of one image are a list, with one name or with none', () => {
    assert.deepEqual(choose([amd64, arm64]), { kind: 'index' });
    assert.deepEqual(choose([named(amd64, 'x'), named(arm64, 'x')]), { kind: 'index' });
    assert.deepEqual(choose([named(amd64, 'x'), named(arm64, 'x')], 'x'), { kind: 'index' });
  });

  test('images with different names, without platforms, or lists are not', () => {
    const { platform: _, ...bare } = arm64;
    for (const entries of [
      [named(amd64, 'x'), named(arm64, 'y')],
      [named(amd64, 'x'), arm64],
      [amd64, bare],
      [amd64, { ...list.descriptor, platform: { os: 'linux', architecture: 'arm64' } }],
    ]) {
      assert.throws(() => choose(entries), fails('SOURCE_INVALID', 'name one of them'));
    }
  });

  test('a name that several different images carry beside others is no choice', () => {
    const entries = [named(amd64, 'x'), named(arm64, 'x'), named(list.descriptor, 'y')];
    assert.throws(() => choose(entries, 'x'), fails('SOURCE_INVALID', 'different images'));
    assert.deepEqual(choose(entries, 'y'), { kind: 'entry', descriptor: named(list.descriptor, 'y') });
  });

  test("containerd's annotation names an image too", () => {
    const entry = { ...amd64, annotations: { 'io.containerd.image.name': 'docker.io/library/x:1' } };
    assert.deepEqual(choose([entry, arm64], 'x:1'), { kind: 'entry', descriptor: entry });
  });
});
