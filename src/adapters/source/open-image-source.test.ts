import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { fails } from '../../../test/fakes/expect-error.ts';
import { imageSourceContract, type OpenedSource, walk } from '../../../test/contracts/image-source.ts';
import {
  type BuiltManifest,
  buildFourPlatforms,
  buildImage,
  layoutFiles,
  writeLayout,
} from '../../../test/fakes/image-builder.ts';
import { legacyEntries } from '../../../test/fakes/docker-archive-builder.ts';
import { buildTar } from '../../../test/fakes/tar-builder.ts';
import { type Digest, digestHex } from '../../oci/digest.ts';
import { type ErrorCode } from '../../oci/errors.ts';
import { parseImageSource } from '../../oci/image-source-name.ts';
import { openImageSource } from './open-image-source.ts';
import type { ImageSourceOptions } from './source-options.ts';

const list = buildFourPlatforms();
const image = buildImage({ layers: [{ a: 'a' }, { b: Buffer.alloc(100_000, 'b') }, { a: 'a' }] });

let folder: string;
let temporaryFolder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-source-'));
  temporaryFolder = join(folder, 'temporary');
  await mkdir(temporaryFolder);
  await writeLayout(join(folder, 'layout'), { v1: list, v2: image });
  const layout = [...layoutFiles({ latest: list })].map(([path, content]) => ({ path, content }));
  await writeFile(join(folder, 'layout.tar'), buildTar(layout));
  await writeFile(join(folder, 'layout.tar.gz'), gzipSync(buildTar(layout)));
  for (const style of ['links', 'folders', 'packed'] as const) {
    const entries = legacyEntries([{ image, tags: ['a/b:1', 'a/b:2'] }], style);
    await writeFile(join(folder, `${style}.tar`), buildTar(entries));
    await writeFile(join(folder, `${style}.tar.gz`), gzipSync(buildTar(entries)));
  }
});
after(() => rm(folder, { recursive: true, force: true }));

async function open(name: string, options: Partial<ImageSourceOptions> = {}): Promise<OpenedSource> {
  const path = name.replace(':', `:${folder}/`);
  const source = await openImageSource(parseImageSource(path), { temporaryFolder, ...options });
  const end = async () => {
    assert.deepEqual(await readdir(temporaryFolder), [], 'temporary files are left');
  };
  return { source, end };
}

imageSourceContract('OCI layout, folder, a list', () => open('oci:layout:v1'), list);
imageSourceContract('OCI layout, folder, one image', () => open('oci:layout:v2'), image);
imageSourceContract('OCI layout, tar', () => open('oci:layout.tar'), list);
imageSourceContract('OCI layout, gzipped tar', () => open('oci-archive:layout.tar.gz:latest'), list);
for (const style of ['links', 'folders', 'packed']) {
  imageSourceContract(`docker archive, ${style}`, () => open(`docker-archive:${style}.tar`));
  imageSourceContract(`docker archive, ${style}, gzipped`, () =>
    open(`docker-archive:${style}.tar.gz:a/b:2`),
  );
}

/** What manifest.json says of an image that is in blobs/ too. */
function savedAs({ manifest }: BuiltManifest) {
  const { config, layers } = JSON.parse(manifest.toString()) as {
    readonly config: { readonly digest: Digest };
    readonly layers: readonly { readonly digest: Digest }[];
  };
  const path = ({ digest }: { readonly digest: Digest }) => `blobs/sha256/${digestHex(digest)}`;
  return { Config: path(config), Layers: layers.map(path) };
}

describe('opening', () => {
  const cases: readonly [string, ErrorCode, string][] = [
    ['oci:absent', 'NOT_FOUND', 'there is no file or folder'],
    ['docker-archive:absent.tar', 'NOT_FOUND', 'there is no file or folder'],
    ['docker-archive:layout', 'SOURCE_INVALID', 'is a folder'],
    ['oci:temporary', 'SOURCE_INVALID', 'no file "oci-layout"'],
    ['oci:links.tar', 'SOURCE_INVALID', 'a "docker-archive:"'],
    [
      'oci:layout',
      'SOURCE_INVALID',
      'by its position as in "oci:<path>:@0" (it has @0 "v1", @1 "v2" linux/amd64)',
    ],
    ['oci:layout:v3', 'NOT_FOUND', 'names no image "v3" (it has @0 "v1", @1 "v2" linux/amd64)'],
    ['docker-archive:links.tar:a/b', 'NOT_FOUND', 'no image "a/b" (it has "a/b:1", "a/b:2")'],
  ];
  for (const [name, code, text] of cases) {
    test(`${name} says ${text}`, async () => {
      await assert.rejects(
        async () => {
          const { source, end } = await open(name);
          try {
            await source.root();
          } finally {
            await source.close();
            await end();
          }
        },
        fails(code, text),
      );
    });
  }

  test('the same docker archive gives the same manifest each time, however it is packed', async () => {
    const roots = await Promise.all(
      ['links.tar', 'links.tar', 'links.tar.gz', 'folders.tar'].map(async (file) => {
        const { source } = await open(`docker-archive:${file}`);
        const root = await source.root();
        await source.close();
        return Buffer.from(root.bytes).toString();
      }),
    );
    assert.equal(new Set(roots).size, 1);
  });

  test('a docker archive that is an OCI layout too keeps its manifests', async () => {
    const files = layoutFiles({ '1': list });
    const manifest = [{ ...savedAs(list.images[0] ?? assert.fail()), RepoTags: ['a/b:1'] }];
    files.set('manifest.json', Buffer.from(JSON.stringify(manifest)));
    const entries = [...files].map(([path, content]) => ({ path, content }));
    await writeFile(join(folder, 'both.tar'), buildTar(entries));
    const { source } = await open('docker-archive:both.tar:docker.io/a/b:1');
    assert.deepEqual(Buffer.from((await source.root()).bytes), list.manifest);
    assert.equal((await walk(source)).manifests, 5);
    await source.close();
  });

  test('of its images the one is taken whose config carries the tag, when index.json names none', async () => {
    const other = buildImage({ platform: 'linux/arm64' });
    const files = layoutFiles({ '': image });
    for (const [path, content] of layoutFiles({ '': other })) {
      if (path !== 'index.json') files.set(path, content);
    }
    const manifests = [image.descriptor, other.descriptor];
    files.set('index.json', Buffer.from(JSON.stringify({ schemaVersion: 2, manifests })));
    const listed = [
      { ...savedAs(image), RepoTags: ['a/b:1'] },
      { ...savedAs(other), RepoTags: ['c/d:1'] },
    ];
    files.set('manifest.json', Buffer.from(JSON.stringify(listed)));
    const entries = [...files].map(([path, content]) => ({ path, content }));
    await writeFile(join(folder, 'tagged.tar'), buildTar(entries));
    const { source } = await open('docker-archive:tagged.tar:c/d:1');
    assert.deepEqual(Buffer.from((await source.root()).bytes), other.manifest);
    await source.close();
  });

  test('a docker archive whose two ways of saying what it holds do not agree is refused', async () => {
    const saved = savedAs(image);
    const more = [...saved.Layers, saved.Layers[0]];
    for (const [listed, text] of [
      [{ ...saved, Layers: more }, 'manifest.json names 4, the manifest 3'],
      [{ ...saved, Layers: null }, 'manifest.json names 0, the manifest 3'],
      [{ ...saved, Layers: saved.Layers.with(1, saved.Layers[0] ?? '') }, 'layers[1] is blobs/sha256/'],
      [savedAs(buildImage({ platform: 'linux/arm64' })), 'not its config'],
    ] as const) {
      const files = layoutFiles({ 'a/b:1': image });
      files.set('manifest.json', Buffer.from(JSON.stringify([{ ...listed, RepoTags: ['a/b:1'] }])));
      const entries = [...files].map(([path, content]) => ({ path, content }));
      await writeFile(join(folder, 'disagree.tar'), buildTar(entries));
      await assert.rejects(open('docker-archive:disagree.tar'), fails('SOURCE_INVALID', text));
    }
  });

  test('an image that only manifest.json knows is made from its entries', async () => {
    const files = layoutFiles({ '1': image });
    files.set('index.json', Buffer.from('{"schemaVersion":2,"manifests":null}'));
    files.set('manifest.json', Buffer.from(JSON.stringify([{ ...savedAs(image), RepoTags: ['a/b:1'] }])));
    const entries = [...files].map(([path, content]) => ({ path, content }));
    await writeFile(join(folder, 'null-index.tar'), buildTar(entries));
    const { source } = await open('docker-archive:null-index.tar:@0');
    assert.equal((await walk(source)).manifests, 1);
    await source.close();
  });

  test('a signal ends what a source is doing', async () => {
    for (const name of ['oci:layout', 'oci:layout.tar', 'docker-archive:folders.tar']) {
      const stop = new AbortController();
      const path = parseImageSource(name.replace(':', `:${folder}/`));
      const source = await openImageSource(path, { temporaryFolder }, stop.signal);
      stop.abort();
      await assert.rejects(source.root(), fails('CANCELLED', ''));
      await source.close();
    }
    assert.deepEqual(await readdir(temporaryFolder), []);
  });

  test('a signal ends the unpacking', async () => {
    await assert.rejects(
      openImageSource(
        parseImageSource(`oci:${folder}/layout.tar.gz`),
        { temporaryFolder },
        AbortSignal.abort(),
      ),
      fails('CANCELLED', ''),
    );
    assert.deepEqual(await readdir(temporaryFolder), []);
  });
});
