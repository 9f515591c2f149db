import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { silentProgress } from '../../test/fakes/data-folder.ts';
import { startFaultyMirror } from '../../test/fakes/faulty-mirror.ts';
import { createPublishedFiles } from '../../test/fakes/published-files.ts';
import { createFileTreeContents } from '../adapters/tree/file-tree-contents.ts';
import { composeSync } from '../cli/mirror/compose-sync.ts';
import { digestOf } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';

const base = parseRepositoryName('fedora/base');
const notary = `v2/images.example.org:5000/${base}/_trust/tuf`;
const files: Readonly<Record<string, string>> = {
  [`v2/${base}/manifests/${digestOf('manifest')}`]: 'manifest',
  [`${notary}/root.json`]: 'notary root',
  [`${notary}/timestamp.json`]: 'notary timestamp',
  [`${notary}/targets/releases.json`]: 'notary releases',
  'tuf/1.root.json': 'tuf root',
  'tuf/1.snapshot.json': 'tuf snapshot',
  'tuf/1.repository~fedora~base.json': 'tuf targets',
};

/** What a TUF timestamp says that matters here. */
function timestamp(version: number, snapshot: number): string {
  return JSON.stringify({ signed: { version, meta: { 'snapshot.json': { version: snapshot } } } });
}

async function createOrigin(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-sync-'));
  t.after(() => rm(folder, { recursive: true }));
  const tree = join(folder, 'tree');
  const copy = join(folder, 'copy');
  const server = await startFaultyMirror({ root: tree });
  t.after(() => server.close());
  const contents = createFileTreeContents(tree, createPublishedFiles(tree), { now: () => Date.now() });
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  };
  const publish = (serial: number) =>
    contents.update(
      { serial, repositories: new Map([[base, serial]]) },
      { repositories: new Set(), metadata: true },
    );
  const sync = () =>
    composeSync(
      {
        from: server.url,
        folder: copy,
        alsoFrom: [],
        allowAddresses: [],
        certificateAuthorities: [],
        timeout: 30_000,
        carries: () => true,
        parallel: 4,
        grace: 3_600_000,
        dryRun: false,
        thorough: false,
        signal: new AbortController().signal,
      },
      silentProgress,
    );
  const copied = (path: string) => readFile(join(copy, path), 'utf8');
  for (const [path, text] of Object.entries(files)) await put(path, text);
  return { put, publish, sync, copied };
}

test('TUF and Notary v1 metadata is copied with the images', async (t) => {
  const { put, publish, sync, copied } = await createOrigin(t);
  await put('tuf/timestamp.json', timestamp(1, 1));
  await publish(1);
  await sync();
  for (const [path, text] of Object.entries(files)) assert.equal(await copied(path), text, path);
  assert.equal(await copied('tuf/timestamp.json'), timestamp(1, 1));

  // The same names with other bytes.
  await put(`${notary}/timestamp.json`, 'notary timestamp, signed again');
  await put('tuf/2.snapshot.json', 'tuf snapshot of the second');
  await put('tuf/timestamp.json', timestamp(2, 2));
  await publish(2);
  await sync();
  assert.equal(await copied(`${notary}/timestamp.json`), 'notary timestamp, signed again');
  assert.equal(await copied('tuf/2.snapshot.json'), 'tuf snapshot of the second');
  assert.equal(await copied('tuf/timestamp.json'), timestamp(2, 2));
});

test('a TUF timestamp that was renewed comes without a publication, but not before its snapshot', async (t) => {
  const { put, publish, sync, copied } = await createOrigin(t);
  await put('tuf/timestamp.json', timestamp(1, 1));
  await publish(1);
  await sync();
  await put('tuf/timestamp.json', timestamp(2, 1));
  await sync();
  assert.equal(await copied('tuf/timestamp.json'), timestamp(2, 1));
  await put('tuf/timestamp.json', timestamp(3, 2));
  await sync();
  assert.equal(await copied('tuf/timestamp.json'), timestamp(2, 1));
});
