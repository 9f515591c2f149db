import assert from 'node:assert/strict';
import test from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Parser } from 'tar';
import { digestOf } from '../src/oci/digest.ts';
import { isImageType } from '../src/oci/media-types.ts';
import { type ImageManifest, type Manifest, parseManifest } from '../src/oci/manifest.ts';
import { formatPlatform } from '../src/oci/platform.ts';
import { packLayer } from './layer.ts';
import { buildProgramImage, type ProgramImage } from './program-image.ts';

const parts = {
  name: 'hello',
  version: '1.2.3',
  license: 'MIT',
  source: 'https://example.org/hello',
  programs: ['amd64', 'arm64', 'ppc64le', 's390x'].map((architecture) => ({
    platform: { os: 'linux', architecture },
    bytes: Buffer.from(`a program for ${architecture}`),
  })),
  documents: [{ path: 'usr/share/doc/hello/copyright', mode: 0o644, bytes: Buffer.from('the licence') }],
};

function read(image: ProgramImage, digest: string): Buffer {
  const bytes = [...image.blobs].find(([key]) => key === digest)?.[1];
  assert.ok(bytes !== undefined, `${digest} is in the image`);
  return Buffer.from(bytes);
}

function namesIn(tar: Buffer): readonly string[] {
  const names: string[] = [];
  const parser = new Parser({
    strict: true,
    onReadEntry: (entry) => {
      names.push(`${entry.mode?.toString(8)} ${entry.path}`);
      entry.resume();
    },
  });
  parser.end(tar);
  return names;
}

function manifests(image: ProgramImage): readonly ImageManifest[] {
  const list: Manifest = parseManifest(read(image, image.list.digest), image.list.mediaType);
  assert.equal(list.kind, 'list');
  return list.manifests.map((descriptor) => {
    assert.ok(isImageType(descriptor.mediaType));
    const manifest = parseManifest(read(image, descriptor.digest), descriptor.mediaType);
    assert.equal(manifest.kind, 'image');
    return manifest;
  });
}

test('the same parts give the same bytes', async () => {
  const first = await buildProgramImage(parts);
  const second = await buildProgramImage(parts);
  assert.equal(first.list.digest, second.list.digest);
  assert.deepEqual([...first.blobs.keys()].toSorted(), [...second.blobs.keys()].toSorted());
  const other = await buildProgramImage({ ...parts, version: '1.2.4' });
  assert.notEqual(other.list.digest, first.list.digest);
});

test('the list names every platform, and everything is there with its digest and size', async () => {
  const image = await buildProgramImage(parts);
  const list = parseManifest(read(image, image.list.digest));
  assert.equal(list.kind, 'list');
  assert.deepEqual(
    list.manifests.map(({ platform }) => platform && formatPlatform(platform)),
    ['linux/amd64', 'linux/arm64', 'linux/ppc64le', 'linux/s390x'],
  );
  for (const manifest of manifests(image)) {
    for (const blob of [manifest.config, ...manifest.layers]) {
      const bytes = read(image, blob.digest);
      assert.equal(digestOf(bytes), blob.digest);
      assert.equal(bytes.length, blob.size);
    }
  }
});

test('the config runs the program and its diff_ids are those of the unpacked layers', async () => {
  const image = await buildProgramImage(parts);
  for (const manifest of manifests(image)) {
    const config = JSON.parse(read(image, manifest.config.digest).toString());
    assert.deepEqual(config.config.Entrypoint, ['/usr/bin/hello']);
    const tars = manifest.layers.map((layer) => gunzipSync(read(image, layer.digest)));
    assert.deepEqual(config.rootfs.diff_ids, tars.map(digestOf));
    assert.deepEqual(namesIn(tars[0] ?? Buffer.alloc(0)), ['755 usr/', '755 usr/bin/', '755 usr/bin/hello']);
    assert.match(tars[0]?.toString('latin1') ?? '', new RegExp(`a program for ${config.architecture}`));
  }
});

test('platforms share the layer with the documents', async () => {
  const image = await buildProgramImage(parts);
  const shared = new Set(manifests(image).map((manifest) => manifest.layers[1]?.digest));
  assert.equal(shared.size, 1);
});

test('a path that a plain header cannot hold is refused', async () => {
  await assert.rejects(
    packLayer([{ path: 'x'.repeat(300), mode: 0o644, bytes: Buffer.alloc(0) }]),
    /does not fit/,
  );
});
