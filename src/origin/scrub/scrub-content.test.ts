import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { repairMarker } from '../accept/place-publication.ts';
import { composeContent } from '../../cli/records/content.ts';
import { copyDataFolder, createDataFolder, type DataFolder } from '../../../test/fakes/data-folder.ts';
import { formatPublicationMarker } from '../../tree/publication-marker.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { buildFourPlatforms, buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../../test/fakes/memory-image-source.ts';
import type { ScrubReport } from './scrub-report.ts';

const image = buildFourPlatforms();

/** Published once: each test damages a copy. */
let published: DataFolder | undefined;
after(() => published?.[Symbol.asyncDispose]());

async function createPublished(): Promise<DataFolder> {
  if (published === undefined) {
    published = await createDataFolder();
    await published.publish(createMemoryImageSource(image), 'fedora/base:41');
    await published.publish(createMemoryImageSource(image), 'fedora:41');
    await published.placeStaged();
  }
  return copyDataFolder(published);
}

function markerAt(serial: number): Uint8Array {
  return formatPublicationMarker({ serial, contents: { digest: image.digest, size: 1 } });
}

function assertClean(report: ScrubReport): void {
  assert.deepEqual(report.problems, []);
  assert.ok(report.files > 0, 'nothing was looked at');
}

/** Each damage to a sound data folder, and what scrub says of it. */
const damages: readonly {
  readonly what: string;
  readonly damage: (tree: string, data: string) => Promise<unknown>;
  readonly problems: readonly RegExp[];
}[] = [
  {
    what: 'a flipped bit in a blob, under both of its names',
    damage: async (tree) => flip(await firstIn(join(tree, 'v2/fedora/base/blobs'))),
    problems: [/tree\/v2\/fedora\/.*blobs\/sha256:.* is damaged: its bytes have sha256:/],
  },
  {
    what: 'a flipped bit in a manifest',
    damage: async (tree) => flip(join(tree, 'v2/fedora/base/manifests', image.digest)),
    problems: [/manifests\/sha256:.* is damaged/],
  },
  {
    what: 'a lost blob',
    damage: async (tree) => rm(await firstIn(join(tree, 'v2/fedora/base/blobs'))),
    problems: [/fedora\/base@sha256:.* blob is missing: publish the image again with --renew/],
  },
  {
    what: 'a lost manifest list',
    damage: async (tree) => rm(join(tree, 'v2/fedora/base/manifests', image.digest)),
    problems: [/manifest is missing/],
  },
  {
    what: 'a blob that was cut short',
    damage: async (tree) => truncate(await firstIn(join(tree, 'v2/fedora/base/blobs')), 3),
    problems: [/has 3 bytes instead of \d+/, /is damaged/],
  },
  {
    what: 'a gap in the signatures',
    damage: async (tree) => rm(join(tree, `signatures/fedora@sha256=${image.digest.slice(7)}/signature-1`)),
    problems: [/numbered up to 2: clients stop at the first gap/, /fedora:41 sha256:.* has no signature/],
  },
  {
    what: 'a file that does not belong into the tree',
    damage: async (tree) => writeFile(join(tree, 'v2/fedora/blobs/index.html'), 'x'),
    problems: [/index.html does not belong into the tree/],
  },
  {
    what: 'one beside the marker, and one of its name elsewhere',
    damage: async (tree) => {
      await writeFile(join(tree, 'index.html'), 'x');
      await writeFile(join(tree, 'v2/publication.json'), markerAt(1));
    },
    problems: [/tree\/index.html does not belong/, /v2\/publication.json does not belong/],
  },
  {
    what: 'a database that was put back',
    damage: async (tree) => writeFile(join(tree, 'publication.json'), markerAt(9)),
    problems: [/publication.json is at serial 9 but the database at 1/],
  },
];

for (const { what, damage, problems } of damages) {
  test(`scrub finds ${what}`, async () => {
    await using data = await createPublished();
    assertClean(await data.scrub());
    await damage(join(data.path, 'tree'), data.path);
    const report = await data.scrub();
    const found = report.problems.map(({ where, what }) => `${where} ${what}`);
    for (const problem of problems) {
      assert.ok(
        found.some((text) => problem.test(text)),
        `${String(problem)} in ${found.join('\n')}`,
      );
    }
  });
}

test('scrub finds damaged and missing staged content', async () => {
  await using data = await createDataFolder();
  await data.publish(createMemoryImageSource(image), 'fedora/base:41');
  assertClean(await data.scrub());
  const [first = '', second = ''] = await filesIn(join(data.path, 'staging/blobs/sha256'));
  await flip(first);
  await rm(second);
  const { problems } = await data.scrub();
  assert.deepEqual(
    problems.map(({ what }) => what.replace(/sha256:\w+/, 'D').split(':')[0]),
    ['is damaged', 'blob D is missing'],
  );
});

test('publishing again with --renew heals what scrub found missing', async () => {
  await using data = await createPublished();
  for (const repository of ['fedora', 'fedora/base']) {
    await rm(join(data.path, 'tree/v2', repository, 'blobs'), { recursive: true });
  }
  assert.ok((await data.scrub()).counts.problems > 0);
  for (const target of ['fedora/base:41', 'fedora:41']) {
    await data.publish(createMemoryImageSource(image), target, { renew: true });
  }
  await data.placeStaged();
  assertClean(await data.scrub());
});

test('signatures that are artifacts count as signatures, and need none themselves', async () => {
  await using data = await createDataFolder();
  await data.publish(createMemoryImageSource(image), 'fedora/base:41');
  await data.placeStaged({ artifacts: true });
  assertClean(await data.scrub());
  await using content = await composeContent({ data: data.path }, 'test');
  const repository = parseRepositoryName('fedora/base');
  const tag = await content.publications.findTag(
    repository,
    parseTagName(`sha256-${image.digest.slice(7)}.sig`),
  );
  assert.ok(tag !== undefined);
  const manifest = parseManifest(await content.tree.readManifest(repository, tag.list));
  assert.ok(manifest.kind === 'image');
  await rm(join(data.path, 'tree/v2/fedora/base/blobs', manifest.layers[0]?.digest ?? ''));
  const { problems } = await data.scrub();
  assert.ok(problems.length > 0);
  for (const { what } of problems) assert.match(what, /blob is missing/);
});

test('an index of referrers that is lost or damaged is a problem, and can be written again', async () => {
  await using data = await createDataFolder();
  await data.publish(createMemoryImageSource(image), 'fedora/base:41');
  await data.placeStaged({ artifacts: true });
  const index = join(data.path, 'tree/v2/fedora/base/referrers', image.digest);
  const whole = await readFile(index);
  for (const damage of [() => rm(index), () => flip(index), () => writeFile(index, '')]) {
    await damage();
    const { problems } = await data.scrub();
    assert.deepEqual(problems[0], {
      where: `tree/v2/fedora/base/referrers/${image.digest}`,
      what: 'the index of referrers is missing, or does not say what is published: "signpost scrub --repair" writes it again',
    });
    const { counts } = await data.scrub({ repair: true });
    assert.ok(counts.problems === 0 && counts.repaired > 0);
    assert.deepEqual(await readFile(index), whole);
    assertClean(await data.scrub());
  }
});

test('a marker that is behind is written again, when that is asked for', async () => {
  await using data = await createPublished();
  const marker = join(data.path, 'tree/publication.json');
  await rm(marker);
  const looked = await data.scrub();
  assertClean(looked);
  assert.match(looked.notices[0]?.what ?? '', /is at serial 0 and the database at 1.*scrub --repair/);
  assert.equal(await serialOf(data), undefined, 'looking changes nothing');
  const report = await data.scrub({ repair: true });
  assertClean(report);
  assert.deepEqual(
    report.repaired.map(({ where }) => where),
    ['publication.json'],
  );
  assert.equal(await serialOf(data), 1);
});

test('a marker never goes past what is missing', async () => {
  await using data = await createPublished();
  const marker = join(data.path, 'tree/publication.json');
  const first = await readFile(marker);
  const other = buildList([buildImage({ layers: [{ newer: 'yes' }] })]);
  await data.publish(createMemoryImageSource(other), 'fedora/base:42');
  await data.placeStaged();
  // The tree was put back to an older state, and the database was not.
  await writeFile(marker, first);
  const lost = join(data.path, 'tree/v2/fedora/base/manifests', other.digest);
  const bytes = await readFile(lost);
  await rm(lost);
  const { problems } = await data.scrub({ repair: true });
  assert.ok(problems.some(({ what }) => /stays at serial 1, the database is at 2/.test(what)));
  assert.deepEqual(await readFile(marker), first);
  {
    await using content = await composeContent({ data: data.path }, 'test');
    const repaired = await repairMarker(content);
    assert.deepEqual(repaired, { missing: [`v2/fedora/base/manifests/${other.digest}`] });
    assert.deepEqual(await readFile(marker), first);
  }
  await writeFile(lost, bytes);
  assertClean(await data.scrub({ repair: true }));
  assert.equal(await serialOf(data), 2);
});

test('a database that is older than the tree goes on behind it, when that is asked for', async () => {
  await using data = await createPublished();
  const database = join(data.path, 'signpost.db');
  const old = await readFile(database);
  const other = buildList([buildImage({ layers: [{ newer: 'yes' }] })]);
  await data.publish(createMemoryImageSource(other), 'fedora/base:42');
  await data.placeStaged();
  await rm(`${database}-wal`, { force: true });
  await rm(`${database}-shm`, { force: true });
  await writeFile(database, old);
  const before = await readFile(join(data.path, 'tree/publication.json'));
  const looked = await data.scrub();
  assert.match(looked.problems[0]?.what ?? '', /is at serial 2 but the database at 1.*"signpost recover"/);
  assert.deepEqual(await readFile(join(data.path, 'tree/publication.json')), before);
  const report = await data.scrub({ repair: true });
  assertClean(report);
  assert.match(report.repaired[0]?.what ?? '', /both go on at 3/);
  assert.ok(report.notices.some(({ where }) => where === `fedora/base@${other.digest}`));
  assert.equal(await serialOf(data), 3);
  assertClean(await data.scrub());
  await data.publish(createMemoryImageSource(other), 'fedora/base:42');
  assert.equal((await data.placeStaged()).serial, 4);
  assertClean(await data.scrub());
});

async function serialOf(data: DataFolder): Promise<number | undefined> {
  await using content = await composeContent({ data: data.path }, 'test');
  return (await content.contents.readMarker())?.serial;
}

test('a contents list that is lost or does not say what is there is a problem, and can be written again', async () => {
  await using data = await createPublished();
  const contents = join(data.path, 'tree/contents');
  const lists = await filesIn(contents);
  assert.equal(lists.length, 3, 'an index and a list for each repository');
  for (const list of lists) {
    await rm(list);
    const { problems } = await data.scrub();
    assert.match(problems[0]?.what ?? '', /missing/);
    const repaired = await data.scrub({ repair: true });
    assert.deepEqual(repaired.problems, []);
    assert.ok(repaired.repaired.some(({ what }) => what.includes('written again')));
    assert.deepEqual(await filesIn(contents), lists);
    assertClean(await data.scrub());
  }
  // A crash may leave content that is not published: it is not listed, and mirrors do not fetch it.
  const bytes = Buffer.from('a blob that nothing names');
  await writeFile(join(data.path, 'tree/v2/fedora/blobs', digestOf(bytes)), bytes);
  assertClean(await data.scrub());
  const signatures = join(data.path, `tree/signatures/fedora@sha256=${image.digest.slice(7)}`);
  await writeFile(join(signatures, 'signature-3'), 'signed');
  const { problems } = await data.scrub();
  assert.deepEqual(
    problems.map(({ where }) => where),
    ['tree/v2/fedora'],
  );
  await data.scrub({ repair: true });
  assertClean(await data.scrub());
});

test('lists are not written again over a tree that has lost something', async () => {
  await using data = await createPublished();
  const before = await readFile(join(data.path, 'tree/publication.json'));
  await rm(await firstIn(join(data.path, 'tree/v2/fedora/base/blobs')));
  assert.ok((await data.scrub({ repair: true })).counts.problems > 1);
  assert.deepEqual(await readFile(join(data.path, 'tree/publication.json')), before);
});

test('leftovers are no problem, and go only when that is asked for', async () => {
  await using data = await createPublished();
  const other = buildList([buildImage({ layers: [{ waiting: 'yes' }] })]);
  await data.publish(createMemoryImageSource(other), 'fedora/base:42');
  const leftovers = [
    `tree/v2/fedora/blobs/.${image.digest}.0123456789ab.tmp`,
    `staging/partial/${'0'.repeat(64)}`,
    'temporary/unpacked/layer.tar',
  ];
  for (const path of leftovers) {
    await mkdir(dirname(join(data.path, path)), { recursive: true });
    await writeFile(join(data.path, path), 'half');
  }
  const looked = await data.scrub();
  assertClean(looked);
  assert.equal(looked.counts.notices, leftovers.length);
  for (const path of leftovers) await stat(join(data.path, path));
  const repaired = await data.scrub({ repair: true });
  assert.deepEqual(new Set(repaired.repaired.map(({ where }) => where)), new Set(leftovers));
  const after = await data.scrub();
  assertClean(after);
  assert.equal(after.counts.notices, 0);
  assert.equal((await data.staged()).length, 1, 'what waits for a signature stays');
});

test('repairing waits for nobody: while another command works it is refused', async () => {
  await using data = await createPublished();
  await using content = await composeContent({ data: data.path }, 'another');
  await using _held = await content.lock.acquire('content');
  assertClean(await data.scrub());
  await assert.rejects(data.scrub({ repair: true }), { code: 'LOCKED', message: /"another"/ });
});

async function filesIn(folder: string): Promise<string[]> {
  return (await readdir(folder)).toSorted().map((name) => join(folder, name));
}

async function firstIn(folder: string): Promise<string> {
  return (await filesIn(folder))[0] ?? assert.fail(`${folder} is empty`);
}

async function flip(path: string): Promise<void> {
  const bytes = await readFile(path);
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  await writeFile(path, bytes);
}
