import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentProgress } from '../../test/fakes/data-folder.ts';
import { createFileMirrorFolder } from '../adapters/sync/file-mirror-folder.ts';
import { createFileMirrorWriter } from '../adapters/sync/file-mirror-writer.ts';
import { createFileDiskSpace } from '../adapters/sync/file-disk-space.ts';
import { formatContentsIndex, indexLimit, listLimit } from '../tree/contents-index.ts';
import { formatPublicationMarker } from '../tree/publication-marker.ts';
import { digestOf } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';
import type { ContentSource } from '../ports/content-source.ts';
import { syncTree } from './sync-tree.ts';

const mebibyte = 1024 * 1024;
const name = parseRepositoryName('demo/a');

/** An origin whose files are what a test says. What is not whole breaks off after the bytes that are there. */
function createOrigin(files: Map<string, Uint8Array>, asked: string[]): ContentSource {
  return {
    name: 'https://origin.example',
    avoid: () => assert.fail('it sends nobody on'),
    open(path) {
      asked.push(path);
      const bytes = files.get(path);
      if (bytes === undefined) return Promise.resolve({ kind: 'missing', detail: 'it answered 404' });
      const read = async (limit: number, take: (piece: Uint8Array) => Promise<void> | undefined) => {
        for (let at = 0; at < bytes.length; at += mebibyte) {
          if (at >= limit) return 'longer' as const;
          await take(bytes.subarray(at, at + mebibyte));
        }
        return 'ended' as const;
      };
      return Promise.resolve({ kind: 'found', offset: 0, read });
    },
  };
}

async function createWorld(t: TestContext, free?: number) {
  const root = await mkdtemp(join(tmpdir(), 'signpost-hostile-'));
  t.after(() => rm(root, { recursive: true }));
  const files = new Map<string, Uint8Array>();
  const asked: string[] = [];
  const real = createFileDiskSpace(root);
  const put = (bytes: Uint8Array) => {
    const digest = digestOf(bytes);
    files.set(`contents/${digest}`, bytes);
    return { digest, size: bytes.length };
  };
  return {
    root,
    asked,
    files,
    put,
    publish(contents: ReturnType<typeof put>) {
      files.set('publication.json', formatPublicationMarker({ serial: 1, contents }));
    },
    sync: () =>
      syncTree(
        {
          folder: createFileMirrorFolder(root),
          writer: createFileMirrorWriter(root),
          disk: { ...real, free: () => (free === undefined ? real.free() : Promise.resolve(free)) },
          origin: createOrigin(files, asked),
          mirrors: [],
          clock: { now: () => 0, monotonic: () => 0 },
          progress: silentProgress,
        },
        {
          carries: () => true,
          parallel: 2,
          grace: 0,
          dryRun: false,
          thorough: false,
          signal: new AbortController().signal,
        },
      ),
    async left() {
      const entries = await readdir(root, { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
    },
  };
}

const indexOf = (list: { readonly digest: ReturnType<typeof digestOf>; readonly size: number }) =>
  formatContentsIndex({ serial: 1, repositories: new Map([[name, { ...list, serial: 1 }]]) });

test('an index of line feeds, or one that names too much, is refused, and nothing of it stays', async (t) => {
  const feeds = Buffer.concat([Buffer.from('signpost-index 1 1\n'), Buffer.alloc(mebibyte, '\n')]);
  const digest = digestOf('x');
  const bad: readonly (readonly [Uint8Array, RegExp])[] = [
    [feeds, /the line ""/],
    [Buffer.from('x'.repeat(mebibyte)), /an end without a line feed/],
    [Buffer.from(`signpost-index 1 1\n${'x'.repeat(mebibyte)}\n`), /the line "xxx/],
    [indexOf({ digest, size: listLimit + 1 }), /a list of 1073741825 bytes: the most is 1073741824/],
    [Buffer.from(`signpost-index 1 1\nmetadata ${digest} ${10 ** 15}\n`), /a list of 1000000000000000 bytes/],
    [Buffer.from('signpost-index 1 2\n'), /the index of serial 2 is named as that of 1/],
  ];
  for (const [bytes, message] of bad) {
    const world = await createWorld(t);
    world.publish(world.put(bytes));
    await assert.rejects(world.sync(), { code: 'SOURCE_INVALID', message });
    assert.deepEqual(await world.left(), []);
  }
});

test('an index that is too large is not asked for, and neither is one for which there is no room', async (t) => {
  const digest = digestOf('x');
  const cases: readonly (readonly [number, number | undefined, string])[] = [
    [indexLimit + 1, undefined, 'SOURCE_INVALID'],
    [Number.MAX_SAFE_INTEGER, undefined, 'SOURCE_INVALID'],
    [indexLimit, indexLimit - 1, 'STORAGE'],
  ];
  for (const [size, free, code] of cases) {
    const world = await createWorld(t, free);
    world.publish({ digest, size });
    await assert.rejects(world.sync(), { code });
    assert.deepEqual(world.asked, ['publication.json']);
    assert.deepEqual(await world.left(), []);
  }
});

test('lists for which there is no room are not asked for, and the index goes', async (t) => {
  const world = await createWorld(t, 10 * mebibyte);
  const size = 6 * mebibyte;
  const repositories = new Map(
    ['a', 'b'].map((each) => [parseRepositoryName(each), { digest: digestOf(each), size, serial: 1 }]),
  );
  world.publish(world.put(formatContentsIndex({ serial: 1, repositories })));
  await assert.rejects(world.sync(), { code: 'STORAGE', message: /12.0 MiB, and only 10.0 MiB/ });
  assert.equal(world.asked.length, 2);
  assert.deepEqual(await world.left(), []);
});

test('a list that is not as it must be ends the run before any content, and lists and index go', async (t) => {
  const blob = (text: string) => `v2/demo/a/blobs/${digestOf(text)} 1\n`;
  const lines = [blob('a'), blob('b')].sort();
  const bad: readonly (readonly [string, RegExp])[] = [
    [lines.toReversed().join(''), /not sorted/],
    [`${blob('a')}${blob('a')}`, /not sorted/],
    [`${blob('a')}${'\n'.repeat(1000)}`, /the line ""/],
    [`${blob('a')}${'x'.repeat(100_000)}\n`, /a line of more than/],
  ];
  for (const [text, message] of bad) {
    const world = await createWorld(t);
    const list = world.put(Buffer.from(`signpost-contents 1 ${name}\n${text}`));
    world.publish(world.put(indexOf(list)));
    await assert.rejects(world.sync(), { message });
    assert.ok(
      world.asked.every((path) => !path.startsWith('v2/')),
      world.asked.join(' '),
    );
    assert.deepEqual(await world.left(), []);
  }
});

test('an index or a list that breaks off leaves nothing behind', async (t) => {
  const world = await createWorld(t);
  const whole = indexOf({ digest: digestOf('x'), size: 600_000 });
  world.publish(world.put(whole));
  world.files.set(`contents/${digestOf(whole)}`, whole.subarray(0, -3));
  await assert.rejects(world.sync(), { code: 'DIGEST_MISMATCH' });
  assert.deepEqual(await world.left(), []);

  world.files.set(`contents/${digestOf(whole)}`, whole);
  world.files.set(`contents/${digestOf('x')}`, Buffer.alloc(500_000));
  await assert.rejects(world.sync(), { code: 'DIGEST_MISMATCH' });
  assert.deepEqual(await world.left(), [digestOf(whole)]);
});

test('what earlier runs began to fetch goes when nothing names it any more, and what is named stays', async (t) => {
  const world = await createWorld(t);
  const content = Buffer.alloc(mebibyte, 'x');
  const wanted = digestOf(content);
  const list = world.put(
    Buffer.from(`signpost-contents 1 ${name}\nv2/${name}/blobs/${wanted} ${content.length}\n`),
  );
  world.publish(world.put(indexOf(list)));
  const partial = join(world.root, '.signpost-sync', 'partial');
  await mkdir(partial, { recursive: true });
  await writeFile(join(partial, wanted.slice(7)), content.subarray(0, 5000));
  await writeFile(join(partial, digestOf('other').slice(7)), Buffer.alloc(5000));
  // The origin has no such blob this time.
  await assert.rejects(world.sync(), { code: 'UNAVAILABLE' });
  assert.deepEqual(await readdir(partial), [wanted.slice(7)]);
});
