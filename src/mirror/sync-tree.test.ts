import assert from 'node:assert/strict';
import { once } from 'node:events';
import { cp, readFile, readdir, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { startFaultyMirror } from '../../test/fakes/faulty-mirror.ts';
import { formatContentsIndex } from '../tree/contents-index.ts';
import { formatPublicationMarker } from '../tree/publication-marker.ts';
import { digestHex, digestOf } from '../oci/digest.ts';
import { parseRepositoryName } from '../oci/reference.ts';
import { selectRepositories } from './select-repositories.ts';
import {
  createOrigin,
  publish,
  temporaryFolder,
  sync,
  filesIn,
  assertSame,
  assertNoClaim,
  first,
  second,
} from '../../test/fakes/synced-origin.ts';

test('a first sync brings everything, each blob once, and a second one asks for the marker alone', async (t) => {
  const { tree, server } = await createOrigin(t);
  const copy = await temporaryFolder(t);
  const report = await sync(server.url, copy);
  await assertSame(tree, copy);
  assert.equal(report.serial, 1);
  assert.equal(report.linked, 3);
  const blobs = server.log.filter(({ path }) => path.includes('/blobs/'));
  assert.equal(blobs.length, 3);
  assert.equal(server.log.at(0)?.path, '/publication.json');
  for (const { path } of blobs) {
    const name = path.split('/').at(-1) ?? '';
    const inode = async (repository: string) => (await stat(join(copy, 'v2', repository, 'blobs', name))).ino;
    assert.equal(await inode('fedora/base'), await inode('debian'));
  }
  const before = server.log.length;
  assert.deepEqual((await sync(server.url, copy)).missing, 0);
  assert.deepEqual(
    server.log.slice(before).map(({ path }) => path),
    ['/publication.json'],
  );
});

test('after a publication only what is new comes, and what no list names goes after a grace', async (t) => {
  const { data, tree, server } = await createOrigin(t);
  const copy = await temporaryFolder(t);
  await sync(server.url, copy);
  const old: readonly string[] = await filesIn(copy);
  await publish(data, { 'debian:12': second });
  const gone = `v2/debian/manifests/${first.digest}`;
  {
    using database = new DatabaseSync(join(data.path, 'signpost.db'));
    database
      .prepare('DELETE FROM manifests WHERE digest = ?')
      .run(Buffer.from(digestHex(first.digest), 'hex'));
  }
  await publish(data, { 'debian:13': second });

  const before = server.log.length;
  await sync(server.url, copy);
  const asked = server.log.slice(before).map(({ path }) => path.slice(1));
  assert.ok(
    asked.every((path) => path === 'publication.json' || !old.includes(path)),
    asked.join('\n'),
  );
  assert.ok((await filesIn(copy)).includes(gone), 'it stays for a while');
  const { removed } = await sync(server.url, copy, { grace: 0 });
  assert.ok(removed > 0);
  assert.ok(!(await filesIn(copy)).includes(gone));
  await assertHolds(tree, copy);
});

/** Everything that the origin lists is there. */
async function assertHolds(tree: string, copy: string): Promise<void> {
  const there = new Set(await filesIn(copy));
  const lists = (await filesIn(copy)).filter((path) => path.startsWith('contents/'));
  assert.ok(lists.length > 1);
  for (const list of lists) {
    const lines = (await readFile(join(copy, list), 'utf8')).trimEnd().split('\n').slice(1);
    for (const path of lines.map((line) => line.split(' ')[0] ?? '').filter((text) => text.includes('/'))) {
      if (path.startsWith('v2/') || path.startsWith('signatures/')) assert.ok(there.has(path), path);
    }
  }
  assert.deepEqual(
    await readFile(join(copy, 'publication.json')),
    await readFile(join(tree, 'publication.json')),
  );
}

test('a mirror carries the repositories that were chosen, and can change its mind', async (t) => {
  const { tree, server } = await createOrigin(t);
  const copy = await temporaryFolder(t);
  const carried = async () =>
    (await filesIn(copy)).filter((path) => path.startsWith('v2/')).map((path) => path.split('/')[1]);
  await sync(server.url, copy, { only: ['fedora/*'] });
  assert.deepEqual(new Set(await carried()), new Set(['fedora']));
  assert.deepEqual(
    await readFile(join(copy, 'publication.json')),
    await readFile(join(tree, 'publication.json')),
  );
  await sync(server.url, copy);
  await assertSame(tree, copy);
  await sync(server.url, copy, { only: ['debian'] });
  await assertSame(tree, copy);
  // Carried again before its grace was over: nothing of it goes.
  await sync(server.url, copy);
  await sync(server.url, copy, { grace: 0 });
  await assertSame(tree, copy);
  await sync(server.url, copy, { only: ['debian'], grace: 0 });
  assert.deepEqual(new Set(await carried()), new Set(['debian']));
  assert.throws(() => selectRepositories(['fedora*']), { code: 'USAGE' });
  const { carries, unmatched } = selectRepositories(['fedora/*', 'debain', 'suse/*']);
  await sync(server.url, copy, { carries });
  assert.deepEqual(unmatched(), ['debain', 'suse/*']);
});

test('a blob that broke off goes on from there, at another source too', async (t) => {
  const { tree, server } = await createOrigin(t, { 'fedora:41': first });
  const blob = [...first.blobs].find(([, bytes]) => bytes.length > 300_000)?.[0] ?? assert.fail();
  const copy = await temporaryFolder(t);
  await server.setFault('truncated', { paths: /blobs/ });
  await assert.rejects(sync(server.url, copy), { code: 'UNAVAILABLE' });
  await assertNoClaim(tree, copy);
  await server.setFault('none');
  const before = server.log.length;
  await sync(server.url, copy);
  await assertSame(tree, copy);
  const again = server.log.slice(before).filter(({ path }) => path.endsWith(blob));
  assert.match(again[0]?.range ?? '', /^bytes=\d{5,}-$/);
  assert.deepEqual(await readdir(join(copy, '.signpost-sync/partial')), []);

  // What a crash left is not believed: it is hashed with the rest.
  await rm(join(copy, `v2/fedora/blobs/${blob}`));
  await rm(join(copy, '.signpost-sync/blobs'), { recursive: true });
  await writeFile(join(copy, '.signpost-sync/partial', blob.slice(7)), Buffer.alloc(1000, 1));
  await sync(server.url, copy, { thorough: true });
  await assertSame(tree, copy);
});

test('content comes from mirrors as well, and the marker from the origin alone', async (t) => {
  const { tree, server } = await createOrigin(t);
  const mirrored = await temporaryFolder(t);
  await cp(tree, mirrored, { recursive: true });
  await writeFile(join(mirrored, 'publication.json'), '{"serial":99}');
  const mirror = await startFaultyMirror({ root: mirrored });
  t.after(() => mirror.close());
  const copy = await temporaryFolder(t);
  const { sources } = await sync(server.url, copy, { alsoFrom: [mirror.url], parallel: 8 });
  await assertSame(tree, copy);
  assert.ok(sources.every(({ files, left }) => files > 0 && left === undefined));
  assert.ok(mirror.log.every(({ path }) => path !== '/publication.json'));
});

test('redirects are followed to where they may lead, and to no private address that nobody has allowed', async (t) => {
  const { tree } = await createOrigin(t);
  const elsewhere = await startFaultyMirror({ root: tree, address: '127.0.0.2' });
  t.after(() => elsewhere.close());
  const redirecting = createServer((request, response) => {
    const path = request.url ?? '/';
    response.writeHead(307, { location: path.includes('loop') ? path : `${elsewhere.url}${path}` }).end();
  });
  redirecting.listen(0, '127.0.0.1');
  await once(redirecting, 'listening');
  t.after(() => redirecting.close());
  const url = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
  const copy = await temporaryFolder(t);
  await assert.rejects(sync(url, copy), {
    code: 'UNAVAILABLE',
    message: /127\.0\.0\.2 is not a public address/,
  });
  assert.equal(elsewhere.connections(), 0);
  await assert.rejects(sync(`${url}/loop`, copy), { message: /redirects more than 5 times/ });
  await sync(url, copy, { allowAddresses: ['127.0.0.0/8'] });
  await assertSame(tree, copy);
});

test('what the origin replaces while it is copied is copied anew', async (t) => {
  const { data, tree, server } = await createOrigin(t, { 'fedora:41': first });
  const copy = await temporaryFolder(t);
  const [name = ''] = await readdir(join(tree, 'signatures'));
  const signature = join(tree, 'signatures', name, 'signature-1');
  await writeFile(signature, 'signed anew, and not listed yet');
  await assert.rejects(sync(server.url, copy), { code: 'DIGEST_MISMATCH' });
  await assertNoClaim(tree, copy);
  await data.scrub({ repair: true });
  await sync(server.url, copy);
  await assertHolds(tree, copy);
});

test('an origin that is at an older state than the copy is refused', async (t) => {
  const { data, tree, server } = await createOrigin(t, { 'fedora:41': first });
  const copy = await temporaryFolder(t);
  const marker = await readFile(join(tree, 'publication.json'));
  await publish(data, { 'fedora:42': second });
  await sync(server.url, copy);
  await writeFile(join(tree, 'publication.json'), marker);
  await assert.rejects(sync(server.url, copy), {
    code: 'ROLLBACK',
    message: /is at serial 1, but this copy is at 2/,
  });
});

test('a dry run says what is missing and changes nothing that is given away', async (t) => {
  const { server } = await createOrigin(t);
  const copy = await temporaryFolder(t);
  const report = await sync(server.url, copy, { dryRun: true });
  assert.ok(report.missing > 10 && report.missingBytes > 1_000_000);
  assert.deepEqual(
    (await filesIn(copy)).filter((path) => !path.startsWith('contents/')),
    [],
  );
  assert.ok(server.log.every(({ path }) => !path.includes('/v2/')));
});

test('what is damaged here is found and fetched again when that is asked for', async (t) => {
  const { tree, server } = await createOrigin(t);
  const copy = await temporaryFolder(t);
  await sync(server.url, copy);
  const [blob = ''] = (await filesIn(copy)).filter((path) => path.includes('/blobs/'));
  const bytes = await readFile(join(copy, blob));
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  await writeFile(join(copy, blob), bytes);
  await truncate(join(copy, (await filesIn(copy)).find((path) => path.startsWith('signatures/')) ?? ''), 3);
  assert.equal((await sync(server.url, copy)).missing, 0);
  assert.ok((await sync(server.url, copy, { thorough: true })).fetched > 0);
  await assertSame(tree, copy);
});

test('lists of a hostile origin lead nowhere outside the folder', async (t) => {
  const root = await temporaryFolder(t);
  const name = parseRepositoryName('fedora');
  const lists = [
    `signpost-contents 1 fedora\nv2/fedora/blobs/../../../../../evil 1 ${digestOf('x')}\n`,
    `signpost-contents 1 fedora\n/etc/passwd 1 ${digestOf('x')}\n`,
    `signpost-contents 1 fedora\npublication.json 1 ${digestOf('x')}\n`,
    `signpost-contents 1 fedora\n.signpost-sync/locks/x 1 ${digestOf('x')}\n`,
    `signpost-contents 1 debian\n`,
    `${'x'.repeat(100_000)}\n`,
  ];
  const server = await startFaultyMirror({ root });
  t.after(() => server.close());
  for (const list of lists) {
    const put = async (text: Uint8Array | string) => {
      const digest = digestOf(text);
      await cp(await fileWith(t, text), join(root, 'contents', digest), { recursive: true });
      return { digest, size: Buffer.byteLength(text) };
    };
    const entry = { ...(await put(list)), serial: 1 };
    const contents = await put(formatContentsIndex({ serial: 1, repositories: new Map([[name, entry]]) }));
    await writeFile(join(root, 'publication.json'), formatPublicationMarker({ serial: 1, contents }));
    const copy = await temporaryFolder(t);
    await assert.rejects(sync(server.url, copy), /contents list|line of more than/, list.slice(0, 80));
    assert.ok((await filesIn(copy)).every((path) => path.startsWith('contents/')));
  }
});

async function fileWith(t: TestContext, text: Uint8Array | string): Promise<string> {
  const path = join(await temporaryFolder(t), 'file');
  await writeFile(path, text);
  return path;
}

test('a limit of the rate is kept to', async (t) => {
  const { server } = await createOrigin(t, { 'fedora:41': first });
  const copy = await temporaryFolder(t);
  const start = performance.now();
  const { bytes } = await sync(server.url, copy, { bandwidth: 1024 * 1024 });
  assert.ok(bytes > 700_000);
  // Three quarters of what it takes at that rate: enough to tell from no limit, which takes a tenth of it.
  assert.ok(performance.now() - start > (0.75 * bytes * 1000) / (1024 * 1024) - 250);
});

test('a second sync of the same folder is told who has it', async (t) => {
  const { server } = await createOrigin(t);
  const copy = await temporaryFolder(t);
  await server.setFault('stall', { times: 1 });
  const stop = new AbortController();
  const running = sync(server.url, copy, { signal: stop.signal });
  while (server.log.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  await assert.rejects(sync(server.url, copy), { code: 'LOCKED' });
  stop.abort();
  await assert.rejects(running);
});
