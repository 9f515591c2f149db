import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, after } from 'node:test';
import { type DataFolder, copyDataFolder, createDataFolder, silentProgress } from './data-folder.ts';
import { startFaultyMirror } from './faulty-mirror.ts';
import { type BuiltList, buildImage, buildList } from './image-builder.ts';
import { createMemoryImageSource } from './memory-image-source.ts';
import { type SyncSettings, composeSync } from '../../src/cli/mirror/compose-sync.ts';
import { selectRepositories } from '../../src/mirror/select-repositories.ts';

export const large = createHash('shake256', { outputLength: 700_000 }).update('large').digest();
export const first = buildList([buildImage({ layers: [{ large }, { small: 'one' }] })]);
export const second = buildList([buildImage({ layers: [{ small: 'two' }] })]);

/** Of each set of images, published once: each test gets a copy. */
const published = new Map<string, Promise<DataFolder>>();
after(async () => {
  for (const data of published.values()) await (await data)[Symbol.asyncDispose]();
});

export async function createOrigin(
  t: TestContext,
  images: Record<string, BuiltList> = { 'fedora/base:41': first, 'debian:12': first },
) {
  const made = JSON.stringify(Object.entries(images).map(([target, { digest }]) => [target, digest]));
  const data = await copyDataFolder(await (published.get(made) ?? publishOnce(made, images)));
  t.after(() => data[Symbol.asyncDispose]());
  const tree = join(data.path, 'tree');
  const server = await startFaultyMirror({ root: tree });
  t.after(() => server.close());
  return { data, tree, server };
}

function publishOnce(made: string, images: Record<string, BuiltList>): Promise<DataFolder> {
  const publishing = createDataFolder().then(async (data) => {
    await publish(data, images);
    return data;
  });
  published.set(made, publishing);
  return publishing;
}

export async function publish(data: DataFolder, images: Record<string, BuiltList>): Promise<void> {
  for (const [target, image] of Object.entries(images))
    await data.publish(createMemoryImageSource(image), target);
  await data.placeStaged();
}

export async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-sync-'));
  t.after(() => rm(folder, { recursive: true }));
  return folder;
}

export function sync(
  from: string,
  folder: string,
  options: Partial<SyncSettings> & { only?: readonly string[] } = {},
) {
  const settings: SyncSettings = {
    from,
    folder,
    alsoFrom: [],
    allowAddresses: [],
    certificateAuthorities: [],
    timeout: 30_000,
    carries: selectRepositories(options.only ?? []).carries,
    parallel: 4,
    grace: 3_600_000,
    dryRun: false,
    thorough: false,
    signal: new AbortController().signal,
    ...options,
  };
  return composeSync(settings, silentProgress);
}

export async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('.signpost-sync/'))
    .toSorted();
}

export async function assertSame(tree: string, copy: string): Promise<void> {
  const files = await filesIn(tree);
  assert.deepEqual(await filesIn(copy), files);
  for (const path of files) {
    assert.deepEqual(await readFile(join(copy, path)), await readFile(join(tree, path)), path);
  }
}

/** Nothing is under a final name that is not what it must be, and the marker claims nothing. */
export async function assertNoClaim(tree: string, copy: string): Promise<void> {
  const files = await filesIn(copy).catch((): readonly string[] => []);
  assert.ok(!files.includes('publication.json'));
  for (const path of files) {
    assert.deepEqual(await readFile(join(copy, path)), await readFile(join(tree, path)), path);
  }
}
