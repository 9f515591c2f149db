import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { fails } from '../../../../test/fakes/expect-error.ts';
import { readBlob } from '../../../../test/contracts/image-source.ts';
import { legacyEntries, type LegacyStyle } from '../../../../test/fakes/docker-archive-builder.ts';
import { buildImage } from '../../../../test/fakes/image-builder.ts';
import { buildTar, type TarEntry } from '../../../../test/fakes/tar-builder.ts';
import { digestOf } from '../../../oci/digest.ts';
import { type ErrorCode } from '../../../oci/errors.ts';
import { parseImageSource } from '../../../oci/image-source-name.ts';
import { parseManifest } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import { openImageSource } from '../open-image-source.ts';

const image = buildImage({ layers: [{ a: 'a' }, { b: Buffer.alloc(50_000, 'b') }, { a: 'a' }] });
const other = buildImage({ platform: 'linux/arm64', layers: [{ a: 'a' }, { c: 'c' }] });

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-legacy-'));
  await mkdir(join(folder, 'temporary'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function using(
  entries: readonly TarEntry[],
  work: (source: ImageSource) => Promise<void>,
  ref = '',
  limits = {},
): Promise<void> {
  await writeFile(join(folder, 'x.tar'), buildTar(entries));
  const source = await openImageSource(parseImageSource(`docker-archive:${folder}/x.tar${ref}`), {
    temporaryFolder: join(folder, 'temporary'),
    limits,
  });
  try {
    await work(source);
  } finally {
    await source.close();
    assert.deepEqual(await readdir(join(folder, 'temporary')), []);
  }
}

/** The entries of an archive with one of them changed. */
function changed(
  change: (entry: TarEntry) => TarEntry | undefined,
  style: LegacyStyle = 'folders',
): TarEntry[] {
  return legacyEntries([{ image, tags: ['a:1'] }], style).flatMap((entry) => change(entry) ?? []);
}

const isLayer = ({ path, content }: TarEntry) => /\.tar(\.gz)?$/.test(path) && content !== undefined;
const isConfig = ({ path }: TarEntry) => path.endsWith('.json') && path !== 'manifest.json';
const rejectsRoot = (entries: readonly TarEntry[], code: ErrorCode, text: string, limits = {}) =>
  using(entries, (source) => assert.rejects(source.root(), fails(code, text)), '', limits);

describe('an archive without manifests of its own', () => {
  for (const style of ['links', 'folders', 'packed'] as const) {
    test(`gets one that names its config and its layers in order (${style})`, async () => {
      await using(legacyEntries([{ image, tags: ['a:1'] }], style), async (source) => {
        const root = await source.root();
        assert.equal(root.mediaType, mediaTypes.dockerManifest);
        const manifest = parseManifest(root.bytes, root.mediaType);
        assert.ok(manifest.kind === 'image');
        assert.deepEqual(await readBlob(source, manifest.config, 0), image.config);
        const tars = await Promise.all(
          manifest.layers.map(async (layer) => gunzipSync(await readBlob(source, layer, 0))),
        );
        assert.deepEqual(tars, image.tars);
        const again = await source.manifest({ ...manifest.config, digest: digestOf(root.bytes) });
        assert.deepEqual(again.bytes, root.bytes);
      });
    });
  }

  test('with several images asks for a name, and finds it', async () => {
    const entries = legacyEntries(
      [
        { image, tags: ['a/b:1'] },
        { image: other, tags: ['docker.io/library/c:latest'] },
      ],
      'folders',
    );
    await using(entries, (source) =>
      assert.rejects(source.root(), fails('SOURCE_INVALID', '"a/b:1", "docker.io')),
    );
    for (const ref of [':c', ':c:latest', ':docker.io/library/c']) {
      await using(
        entries,
        async (source) => {
          const manifest = parseManifest((await source.root()).bytes, mediaTypes.dockerManifest);
          assert.ok(manifest.kind === 'image');
          assert.equal(manifest.config.digest, digestOf(other.config));
        },
        ref,
      );
    }
  });
});

describe('a damaged archive is refused:', () => {
  test('a layer with other bytes than the config says, packed or not', async () => {
    const swap = (entry: TarEntry) => (isLayer(entry) ? { ...entry, content: buildTar([]) } : entry);
    await rejectsRoot(changed(swap), 'SOURCE_INVALID', 'but the config says');
    const swapPacked = (entry: TarEntry) =>
      isLayer(entry) ? { ...entry, content: gzipSync(buildTar([])) } : entry;
    await rejectsRoot(changed(swapPacked, 'packed'), 'SOURCE_INVALID', 'but the config says');
  });

  test('a layer that is missing', async () => {
    await rejectsRoot(
      changed((entry) => (isLayer(entry) ? undefined : entry)),
      'NOT_FOUND',
      'layer.tar',
    );
  });

  test('links in a circle', async () => {
    const ids = ['a', 'b'].map((digit) => digit.repeat(64));
    const links = ids.map((id, index): TarEntry => ({
      path: `${id}/layer.tar`,
      type: 'SymbolicLink',
      linkpath: `../${ids[1 - index] ?? ''}/layer.tar`,
    }));
    const manifest = [{ Config: `${ids[0] ?? ''}.json`, Layers: [`${ids[0] ?? ''}/layer.tar`] }];
    const config = JSON.stringify({ rootfs: { diff_ids: [image.digest] } });
    const hex = digestOf(config).slice(7);
    const entries = [
      ...links,
      { path: `${hex}.json`, content: config },
      {
        path: 'manifest.json',
        content: JSON.stringify(manifest).replace(`${ids[0] ?? ''}.json`, `${hex}.json`),
      },
    ];
    await rejectsRoot(entries, 'NOT_FOUND', 'layer.tar');
  });

  test('a config that is not the one it is named for', async () => {
    await rejectsRoot(
      changed((entry) => (isConfig(entry) ? { ...entry, content: `${image.config.toString()} ` } : entry)),
      'SOURCE_INVALID',
      'digest in its name',
    );
  });

  test('a config without layers, with other layers, or that is not JSON', async () => {
    for (const [content, text] of [
      ['{}', 'names 3 layers, but the config'],
      ['[', 'not JSON'],
      ['{"rootfs":{"diff_ids":["x"]}}', 'expected a digest'],
      [JSON.stringify({ rootfs: { diff_ids: [] } }), 'has rootfs.diff_ids for 0'],
    ] as const) {
      const hex = digestOf(content).slice(7);
      const entries = changed((entry) => {
        if (isConfig(entry)) return { path: `${hex}.json`, content };
        if (entry.path !== 'manifest.json') return entry;
        return { ...entry, content: String(entry.content).replace(/"[0-9a-f]{64}\.json"/, `"${hex}.json"`) };
      });
      await rejectsRoot(entries, 'SOURCE_INVALID', text);
    }
  });

  test('a manifest.json of another shape, or one that names files of this machine', async () => {
    for (const [content, code, text] of [
      ['{}', 'SOURCE_INVALID', 'manifest.json is "{}": expected a list of images'],
      ['null', 'SOURCE_INVALID', 'manifest.json is "null": expected a list of images'],
      ['', 'SOURCE_INVALID', 'manifest.json is empty'],
      ['[', 'SOURCE_INVALID', 'manifest.json is not JSON'],
      ['[]', 'NOT_FOUND', 'no image'],
      ['[null]', 'SOURCE_INVALID', 'manifest.json[0] is "null": expected an object with "Config"'],
      ['[{}]', 'SOURCE_INVALID', 'manifest.json[0].Config is missing: expected the name of an entry'],
      ['[{"Config":1}]', 'SOURCE_INVALID', 'manifest.json[0].Config is "1": expected the name of an entry'],
      ['[{"Config":"x","Layers":{}}]', 'SOURCE_INVALID', 'manifest.json[0].Layers is "{}": expected a list'],
      [
        '[{"Config":"x","Layers":[null]}]',
        'SOURCE_INVALID',
        'manifest.json[0].Layers[0] is "null": expected a list',
      ],
      ['[{"Config":"/etc/passwd","Layers":[]}]', 'NOT_FOUND', 'etc/passwd'],
      ['[{"Config":"../../etc/passwd","Layers":[]}]', 'NOT_FOUND', 'passwd'],
    ] as const) {
      const entries = changed((entry) => (entry.path === 'manifest.json' ? { ...entry, content } : entry));
      await rejectsRoot(entries, code, text);
    }
  });

  test('a layer that unpacks to more than allowed', async () => {
    const bomb = buildImage({ layers: [{ zeros: Buffer.alloc(10_000_000) }] });
    const entries = legacyEntries([{ image: bomb, tags: [] }], 'packed');
    await rejectsRoot(entries, 'LIMIT_EXCEEDED', 'unpacks to more than', { size: 1_000_000 });
  });
});
