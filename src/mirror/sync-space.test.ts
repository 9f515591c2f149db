import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createDataFolder, silentProgress } from '../../test/fakes/data-folder.ts';
import { startFaultyMirror } from '../../test/fakes/faulty-mirror.ts';
import { buildImage, buildList } from '../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../test/fakes/memory-image-source.ts';
import { mountSmallDisk, noSmallDisk } from '../../test/fakes/small-disk.ts';
import { createMirrorAddressResolver } from '../adapters/http-client/mirror-address-resolver.ts';
import { createFileDiskSpace } from '../adapters/sync/file-disk-space.ts';
import { createFileMirrorFolder } from '../adapters/sync/file-mirror-folder.ts';
import { createFileMirrorWriter } from '../adapters/sync/file-mirror-writer.ts';
import { createHttpContentSource } from '../adapters/download/http-content-source.ts';
import { createSourceClient } from '../adapters/download/source-client.ts';
import { digestOf } from '../oci/digest.ts';
import type { DiskSpace } from '../ports/disk-space.ts';
import { NeededSpace } from './needed-space.ts';
import { type SyncOptions, syncTree } from './sync-tree.ts';

const layerSize = 700_000;
const large = createHash('shake256', { outputLength: layerSize }).update('large').digest();
const image = buildList([buildImage({ layers: [{ large }] })]);

/** An origin with one image in two repositories, and a way to copy it into `folder`. */
async function createWorld(t: TestContext, folder: string, disk = createFileDiskSpace(folder)) {
  const data = await createDataFolder();
  t.after(() => data[Symbol.asyncDispose]());
  for (const target of ['fedora:41', 'debian:12']) await data.publish(createMemoryImageSource(image), target);
  await data.placeStaged();
  const server = await startFaultyMirror({ root: join(data.path, 'tree') });
  t.after(() => server.close());
  const client = createSourceClient({
    named: new Set([new URL(server.url).host]),
    resolver: createMirrorAddressResolver([], '--allow-address'),
    trust: { setting: '--ca', context: () => assert.fail('nothing here is https') },
    userAgent: 'test',
    parallel: 2,
    timeout: 30_000,
  });
  t.after(() => client[Symbol.dispose]());
  const sync = (options: Partial<SyncOptions> = {}) =>
    syncTree(
      {
        folder: createFileMirrorFolder(folder),
        writer: createFileMirrorWriter(folder),
        disk,
        origin: createHttpContentSource(server.url, client),
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
        ...options,
      },
    );
  return { server, sync };
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-sync-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

/** A disk with so much room, on which each file takes its size. */
function diskWith(free: number | undefined): DiskSpace {
  return { free: () => Promise.resolve(free), neededFor: ({ size }) => size };
}

test('what certainly does not fit is refused with figures, before any content is asked for', async (t) => {
  const folder = await temporaryFolder(t);
  const { server, sync } = await createWorld(t, folder, diskWith(layerSize / 2));
  await assert.rejects(sync(), {
    code: 'STORAGE',
    message: /takes at least 6\d\d KiB, and only 342 KiB are free/,
  });
  assert.ok(server.log.every(({ path }) => path === '/publication.json' || path.startsWith('/contents/')));
  assert.ok(!(await readdir(folder)).includes('v2'));
  const { space, missing } = await sync({ dryRun: true });
  assert.equal(space.free, layerSize / 2);
  assert.ok(missing > 4 && space.needed > layerSize && space.needed < 2 * layerSize, 'each blob counts once');
});

test('what fits, or may fit where the file system does not say, is fetched', async (t) => {
  for (const free of [2 * layerSize, undefined]) {
    const folder = await temporaryFolder(t);
    const { sync } = await createWorld(t, folder, diskWith(free));
    assert.equal((await sync()).space.free, free);
    assert.ok((await readdir(folder)).includes('publication.json'));
  }
});

test('what is here already needs no room: the same bytes elsewhere, and what an earlier run left', async (t) => {
  const folder = await temporaryFolder(t);
  const disk = createFileDiskSpace(folder);
  const { server, sync } = await createWorld(t, folder);
  await sync({ carries: (name) => name === 'fedora' });
  const rest = await sync({ dryRun: true });
  assert.ok(rest.missingBytes > layerSize && rest.space.needed < layerSize, JSON.stringify(rest));

  await rm(folder, { recursive: true });
  await mkdir(folder);
  const before = (await sync({ dryRun: true })).space.needed;
  await server.setFault('truncated', { paths: /blobs/ });
  await assert.rejects(sync(), { code: 'UNAVAILABLE' });
  await server.setFault('none');
  const { space } = await sync({ dryRun: true });
  assert.ok(space.needed < before - 100_000, `${space.needed} of ${before}`);
  assert.ok(((await disk.free()) ?? 0) > 0);
});

test('a disk that is too small stays empty', async (t) => {
  await using disk = await mountSmallDisk(512);
  if (disk === undefined) return t.skip(noSmallDisk);
  const { sync } = await createWorld(t, disk.path);
  await assert.rejects(sync(), { code: 'STORAGE', message: /takes at least .* and only .* are free/ });
  const used = await readdir(disk.path);
  assert.ok(!used.includes('v2') && !used.includes('publication.json'));
});

test('each digest is counted once', () => {
  const needed = new NeededSpace(diskWith(0));
  for (const text of ['a', 'b', 'a']) needed.add({ path: text, size: 10, digest: digestOf(text) });
  assert.equal(needed.bytes, 20);
});
