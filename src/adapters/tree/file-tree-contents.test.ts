import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { parseContentsIndex } from '../../tree/contents-index.ts';
import { parseContentLine } from '../../tree/contents-list.ts';
import { createPublishedFiles } from '../../../test/fakes/published-files.ts';
import { digestHex, digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { type RepositoryName, parseRepositoryName } from '../../oci/reference.ts';
import { formatReferrersIndex } from '../../oci/referrers-index.ts';
import type { PublishedManifest } from '../../ports/publications.ts';
import { createFileTreeContents } from './file-tree-contents.ts';

const base = parseRepositoryName('fedora/base');
const debian = parseRepositoryName('debian');
const day = 24 * 3600 * 1000;

async function createTree(t: TestContext) {
  const tree = await mkdtemp(join(tmpdir(), 'signpost-contents-'));
  t.after(() => rm(tree, { recursive: true }));
  const clock = { time: Date.now(), now: () => clock.time };
  const referrers: PublishedManifest[] = [];
  const contents = createFileTreeContents(tree, createPublishedFiles(tree, referrers), clock);
  const put = async (path: string, text: string) => {
    await mkdir(dirname(join(tree, path)), { recursive: true });
    await writeFile(join(tree, path), text);
  };
  const putBlob = (repository: RepositoryName, text: string) =>
    put(`v2/${repository}/blobs/${digestOf(text)}`, text);
  const read = (digest: string) => readFile(join(tree, 'contents', digest));
  const index = async () => {
    const marker = (await contents.readMarker()) ?? assert.fail('there is no marker');
    return parseContentsIndex(await read(marker.contents.digest));
  };
  const linesOf = async (repository: RepositoryName) =>
    (await read((await index()).repositories.get(repository)?.digest ?? '')).toString().trimEnd().split('\n');
  const problems = async () => {
    const found = [];
    for await (const problem of contents.check(new AbortController().signal)) found.push(problem.where);
    return found;
  };
  return { tree, clock, contents, referrers, put, putBlob, index, linesOf, problems };
}

test('a list names every file of its repository and no other', async (t) => {
  const { contents, put, putBlob, linesOf, problems, tree } = await createTree(t);
  const manifest = digestOf('m');
  await putBlob(base, 'one');
  await putBlob(debian, 'two');
  await put(`v2/${base}/manifests/${manifest}`, 'm');
  await put(`signatures/${base}@sha256=${digestHex(manifest)}/signature-1`, 'signed');
  await put(`v2/images.example.org/${base}/_trust/tuf/root.json`, '{}');
  await put(`v2/${base}/blobs/.${digestOf('one')}.0123456789ab.tmp`, 'half');
  await contents.update({
    serial: 3,
    repositories: new Map([
      [base, 3],
      [debian, 2],
    ]),
  });

  const [head, ...lines] = await linesOf(base);
  assert.equal(head, 'signpost-contents 1 fedora/base');
  assert.deepEqual(lines, lines.toSorted());
  const files = lines.map((line) => parseContentLine(line, base));
  assert.deepEqual(
    files.map(({ kind }) => kind),
    ['signature', 'blob', 'manifest', 'metadata'],
  );
  for (const { path, size, digest } of files) {
    const bytes = await readFile(join(tree, path));
    assert.deepEqual([bytes.length, digestOf(bytes)], [size, digest]);
  }
  assert.deepEqual(await problems(), []);
});

test('the tree has an index of what refers to each manifest, and its list names it', async (t) => {
  const { contents, referrers, put, linesOf, problems, tree } = await createTree(t);
  const [subject, one, two] = [digestOf('m'), digestOf('one'), digestOf('two')];
  const refer = (text: string) => ({
    repository: base,
    digest: digestOf(text),
    mediaType: mediaTypes.ociManifest,
    size: text.length,
    subject,
    artifactType: 'application/x.signature',
  });
  const update = (serial: number) => contents.update({ serial, repositories: new Map([[base, serial]]) });
  const path = `v2/${base}/referrers/${subject}`;
  const index = async () => JSON.parse(await readFile(join(tree, path), 'utf8')) as { manifests: unknown[] };
  await put(`v2/${base}/manifests/${subject}`, 'm');
  await update(1);
  await assert.rejects(index, { code: 'ENOENT' });

  for (const text of ['two', 'one']) {
    await put(`v2/${base}/manifests/${digestOf(text)}`, text);
    referrers.push(refer(text));
  }
  assert.deepEqual(await problems(), [`tree/${path}`, `tree/v2/${base}`]);
  await update(2);
  const { subject: _, repository: __, ...described } = refer('one');
  assert.deepEqual(await index(), {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [described, { ...described, digest: two }].toSorted((a, b) => (a.digest < b.digest ? -1 : 1)),
  });
  const bytes = await readFile(join(tree, path));
  assert.ok((await linesOf(base)).includes(`${path} ${bytes.length} ${digestOf(bytes)}`));
  assert.deepEqual(await problems(), []);

  referrers.splice(0, 1);
  await update(3);
  assert.deepEqual(
    (await index()).manifests.map((manifest) => (manifest as { digest: string }).digest),
    [one],
  );
  referrers.splice(0);
  await update(4);
  assert.deepEqual(await readFile(join(tree, path)), formatReferrersIndex([]).bytes);
  assert.deepEqual(await problems(), []);

  await writeFile(join(tree, path), 'damaged');
  assert.deepEqual(await problems(), [`tree/${path}`, `tree/v2/${base}`]);
  await contents.update({ serial: 4, repositories: new Map([[base, 4]]) }, 'everything');
  assert.deepEqual(await problems(), []);
});

test('manifests that are no OCI image manifests get a name that tells their type, and scrub misses it', async (t) => {
  const { contents, put, referrers, linesOf, problems, tree } = await createTree(t);
  const types = {
    list: mediaTypes.ociIndex,
    docker: mediaTypes.dockerManifest,
    plain: mediaTypes.ociManifest,
  };
  for (const [text, mediaType] of Object.entries(types)) {
    await put(`v2/${base}/manifests/${digestOf(text)}`, text);
    referrers.push({ repository: base, digest: digestOf(text), mediaType, size: text.length });
  }
  const serials = { serial: 1, repositories: new Map([[base, 1]]) };
  await contents.update(serials);
  const folder = join(tree, `v2/${base}/manifests`);
  const second = [`${digestOf('list')}.oci-index`, `${digestOf('docker')}.docker-manifest`];
  const names = [...Object.keys(types).map((text) => digestOf(text)), ...second].sort();
  assert.deepEqual((await readdir(folder)).sort(), names);
  assert.equal(
    (await stat(join(folder, second[0] ?? ''))).ino,
    (await stat(join(folder, digestOf('list')))).ino,
  );
  const listed = (await linesOf(base)).slice(1).map((line) => parseContentLine(line, base).path);
  assert.deepEqual(
    listed,
    names.map((name) => `v2/${base}/manifests/${name}`),
  );
  assert.deepEqual(await problems(), []);

  await rm(join(folder, second[0] ?? ''));
  assert.equal((await problems())[0], `tree/v2/${base}/manifests/${second[0]}`);
  await contents.update(serials, 'everything');
  assert.deepEqual(await problems(), []);
});

test('only what changed is written again, and the marker says the serial', async (t) => {
  const { contents, putBlob, index, tree, put, problems } = await createTree(t);
  await putBlob(base, 'one');
  await putBlob(debian, 'two');
  await contents.update({
    serial: 1,
    repositories: new Map([
      [base, 1],
      [debian, 1],
    ]),
  });
  const before = await index();
  await putBlob(base, 'three');
  // Not announced by a serial: a list that is not to be written again stays as it is.
  await putBlob(debian, 'four');
  await contents.update({
    serial: 2,
    repositories: new Map([
      [base, 2],
      [debian, 1],
    ]),
  });
  const next = await index();
  assert.equal((await contents.readMarker())?.serial, 2);
  assert.notEqual(next.repositories.get(base)?.digest, before.repositories.get(base)?.digest);
  assert.deepEqual(next.repositories.get(debian), before.repositories.get(debian));
  assert.deepEqual(await problems(), ['tree/v2/debian']);
  await contents.update(
    { serial: 2, repositories: next.repositories.size ? serialsOf(next) : new Map() },
    'everything',
  );
  assert.deepEqual(await problems(), []);

  await put('tuf/1.root.json', '{}');
  await put('tuf/timestamp.json', '{}');
  await contents.update(
    { serial: 2, repositories: serialsOf(next) },
    { repositories: new Set(), metadata: true },
  );
  const { metadata } = await index();
  const text = (await readFile(join(tree, 'contents', metadata?.digest ?? ''))).toString();
  assert.match(text, /^signpost-metadata 1\ntuf\/1\.root\.json 2 sha256:\w+\ntuf\/timestamp\.json -\n$/);
});

test('lists that nothing names are removed after a week, counted from when they were replaced', async (t) => {
  const { contents, putBlob, tree, clock } = await createTree(t);
  await putBlob(base, 'one');
  await contents.update({ serial: 1, repositories: new Map([[base, 1]]) });
  const first = await readdir(join(tree, 'contents'));
  assert.equal(first.length, 2);
  clock.time += 30 * day;
  await putBlob(base, 'two');
  await contents.update({ serial: 2, repositories: new Map([[base, 2]]) });
  for (const name of first) await stat(join(tree, 'contents', name));
  clock.time += 8 * day;
  await contents.update({ serial: 2, repositories: new Map([[base, 2]]) });
  const left = await readdir(join(tree, 'contents'));
  assert.equal(left.length, 2);
  assert.ok(first.every((name) => !left.includes(name)));
});

test('a marker or an index that is damaged has everything written again', async (t) => {
  const { contents, putBlob, tree, problems, index } = await createTree(t);
  await putBlob(base, 'one');
  const serials = { serial: 1, repositories: new Map([[base, 1]]) };
  await contents.update(serials);
  const whole = await index();
  for (const text of ['', '{', 'null', '{"serial":"1"}']) {
    await writeFile(join(tree, 'publication.json'), text);
    assert.equal(await contents.readMarker(), undefined, text);
  }
  await contents.update(serials);
  assert.deepEqual(await index(), whole);
  const { contents: reference } = (await contents.readMarker()) ?? assert.fail();
  await writeFile(join(tree, 'contents', reference.digest), 'x');
  assert.equal((await problems()).length, 1);
  await contents.update(serials);
  assert.deepEqual(await problems(), []);
});

function serialsOf({
  repositories,
}: Awaited<ReturnType<typeof parseContentsIndex>>): Map<RepositoryName, number> {
  return new Map([...repositories].map(([name, { serial }]) => [name, serial]));
}
