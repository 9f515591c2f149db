import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDataFolder } from '../../../test/fakes/data-folder.ts';
import {
  buildFourPlatforms,
  buildImage,
  layoutFiles,
  writeLayout,
} from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { digestHex } from '../../oci/digest.ts';
import { contentLock } from '../../ports/lock.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-publish-'));
const layout = join(root, 'layout');
const image = buildFourPlatforms();
let number = 0;

before(async () => {
  await writeLayout(layout, { '41': image, single: buildImage() });
  const keys = join(import.meta.dirname, '../../../test/vectors/openpgp/ed25519.pgp');
  await writeFile(
    config,
    `repositories: [{ match: fedora, keys: [${keys}] }, { match: fedora/*, keys: [${keys}] }, { match: a, keys: [${keys}] }]\n`,
  );
});
after(() => rm(root, { recursive: true }));

const config = join(root, 'signpost.yaml');
const signpost = (data: string, ...argv: readonly string[]) =>
  runCommand(...argv, '--data', data, '--config', config);
const newData = () => join(root, `data-${number++}`);

test('an image is published, listed and discarded', async () => {
  const data = newData();
  const published = await signpost(data, 'publish', `oci:${layout}:41`, 'fedora/base:41');
  assert.equal(published.status, 0, published.err);
  assert.match(published.out, new RegExp(`^staged fedora/base:41 {2}${image.digest}\n`));
  assert.match(published.out, /linux\/arm64\/v8\n/);
  assert.match(published.err, /^1\/9 [0-9a-f]{12} done$/m);
  const listed = await signpost(data, 'staged', 'list', '--json');
  assert.equal(JSON.parse(listed.out).images[0].list, image.digest);
  assert.match((await signpost(data, 'staged', 'list')).out, /fedora\/base:41/);
  assert.equal((await signpost(data, 'staged', 'discard', 'fedora/base:41')).status, 0);
  assert.equal((await signpost(data, 'staged', 'list')).out, 'Nothing is staged.\n');
  assert.equal((await signpost(data, 'staged', 'discard', 'fedora/base:41')).status, 4);
  assert.equal((await signpost(data, 'scrub')).status, 0);
});

test('with --json every line is a document and the last one is the result', async () => {
  const { status, out, err } = await signpost(
    newData(),
    'publish',
    `oci:${layout}:single`,
    'a:1',
    '--json',
    '--parallel',
    '2',
  );
  assert.equal(status, 0, err);
  const lines = out.trimEnd().split('\n');
  const events = lines.map((line) => (JSON.parse(line) as { event: string }).event);
  assert.deepEqual(events, ['start', 'start', 'finish', 'finish', 'result']);
  const result = JSON.parse(lines.at(-1) ?? '') as Record<string, unknown>;
  assert.equal(result.outcome, 'staged');
  assert.equal(result.madeBecause, 'single-manifest');
});

test('without a configuration, or a rule for the repository, nothing is begun', async () => {
  const data = newData();
  const source = `oci:${layout}:41`;
  const empty = join(root, 'empty.yaml');
  await writeFile(empty, 'registry: { name: images.example.org }\n');
  for (const [args, reason] of [
    [
      ['publish', source, 'elsewhere/base:41', '--config', config],
      /no rule .*signpost\.yaml covers elsewhere\/base/,
    ],
    [['publish', source, 'fedora/base:41', '--config', empty], /empty\.yaml has no "repositories"/],
    [
      ['publish', source, 'fedora/base:41'],
      /there is no configuration: write \/etc\/signpost\/signpost\.yaml/,
    ],
    [['request'], /there is no configuration/],
    [['accept', join(root, 'no-bundle')], /there is no configuration/],
  ] as const) {
    const { status, err } = await runCommand(...args, '--data', data);
    assert.equal(status, 2, err);
    assert.match(err, reason);
  }
  assert.equal(existsSync(data), false);
});

test('a request asks for no signature that could not be accepted', async () => {
  const data = newData();
  await signpost(data, 'publish', `oci:${layout}:41`, 'fedora/base:41');
  const other = join(root, 'other.yaml');
  await writeFile(other, (await readFile(config, 'utf8')).replace('fedora/*', 'rpm/*'));
  const output = join(root, 'not-written');
  const refused = await runCommand('request', '-o', output, '--data', data, '--config', other);
  assert.equal(refused.status, 2);
  assert.match(refused.err, /covers fedora\/base.* signpost staged discard fedora\/base:41/);
  assert.equal(existsSync(output), false);
  const written = await signpost(data, 'request', '-o', output, '--json');
  assert.equal(JSON.parse(written.out).serial, 1, 'the refused request used up no serial');
});

test('what is published already is said so, unless it is to be renewed', async () => {
  const data = newData();
  await signpost(data, 'publish', `oci:${layout}:41`, 'fedora:41');
  await openDataFolder(data).placeStaged();
  const again = await signpost(data, 'publish', `oci:${layout}:41`, 'fedora:41');
  assert.equal(again.status, 0);
  assert.match(again.out, /published already as sha256:.*nothing to do/);
  const renewed = await signpost(data, 'publish', `oci:${layout}:41`, 'fedora:41', '--renew');
  assert.match(renewed.out, /0 copied, 0 resumed, 0 staged already, 9 published already/);
});

test('scrub says what is wrong with its exit status too', async () => {
  const data = newData();
  await signpost(data, 'publish', `oci:${layout}:41`, 'fedora:41');
  await openDataFolder(data).placeStaged();
  assert.equal((await signpost(data, 'scrub')).status, 0);
  const [digest = assert.fail()] = image.blobs.keys();
  await truncate(join(data, 'tree/v2/fedora/blobs', digest), 1);
  const plain = await signpost(data, 'scrub');
  assert.equal(plain.status, 1);
  assert.match(plain.out, /^PROBLEM {3}fedora@sha256:.* has 1 bytes instead of/m);
  const json = await signpost(data, 'scrub', '--json');
  assert.equal(json.status, 1);
  assert.ok(JSON.parse(json.out.trimEnd().split('\n').at(-1) ?? '').counts.problems > 0);
});

test('while another process works on the same data nothing is begun', async () => {
  const data = newData();
  await signpost(data, 'publish', `oci:${layout}:41`, 'fedora:41');
  await using _held = await createProcessLock(join(data, 'locks'), 'accept', { now: Date.now }).acquire(
    contentLock,
  );
  for (const argv of [
    ['publish', `oci:${layout}:single`, 'fedora:42'],
    ['staged', 'discard', 'fedora:41'],
    ['scrub', '--repair'],
  ]) {
    const { status, err } = await signpost(data, ...argv);
    assert.equal(status, 5, err);
    assert.match(err, /another process works on the same data \(process \d+, "accept"/);
  }
  assert.equal((await openDataFolder(data).staged()).length, 1);
});

test('mistakes on the command line change nothing', async () => {
  const data = newData();
  const source = `oci:${layout}:41`;
  for (const [argv, status, message] of [
    [['publish', source, 'Fedora:41'], 2, /not a repository name/],
    [['publish', source, 'fedora'], 2, /names no tag/],
    [['publish', 'fedora:41', 'fedora:41'], 2, /expected "docker:\/\//],
    [['publish', source, 'fedora:41', '--platform', 'linux/amd64/v1/x'], 2, /not a platform/],
    [['publish', source, 'fedora:41', '--platform', 'linux/riscv64'], 4, /has no linux\/riscv64/],
    [['publish', source, 'fedora:41', '--parallel', '0'], 2, /from 1 to 32/],
    [['publish', `oci:${layout}:nope`, 'fedora:41'], 4, /nope/],
    [['publish', `oci:${root}/nowhere`, 'fedora:41'], 4, /nowhere/],
  ] as const) {
    const result = await signpost(data, ...argv);
    assert.equal(result.status, status, result.err);
    assert.match(result.err, message);
    assert.equal(result.out, '');
  }
  assert.deepEqual(await openDataFolder(data).staged(), []);
});

test('a layout with damaged or missing blobs is refused and named', async () => {
  const [digest = assert.fail()] = [...image.blobs.keys()];
  const damages: readonly (readonly [string, (path: string) => Promise<void>, number, RegExp])[] = [
    ['cut', (path) => truncate(path, 1), 3, /expected \d+ bytes/],
    [
      'changed',
      (path) => writeFile(path, Buffer.alloc(image.blobs.get(digest)?.length ?? 0)),
      3,
      /got sha256:/,
    ],
    ['gone', (path) => rm(path), 4, /./],
  ];
  for (const [what, damage, status, message] of damages) {
    const folder = join(root, what);
    await writeLayout(folder, image);
    assert.ok(layoutFiles({ latest: image }).has(`blobs/sha256/${digestHex(digest)}`));
    await damage(join(folder, 'blobs/sha256', digestHex(digest)));
    const data = newData();
    const result = await signpost(data, 'publish', `oci:${folder}`, 'fedora:41');
    assert.equal(result.status, status, `${what}: ${result.err}`);
    assert.match(result.err, new RegExp(digestHex(digest)));
    assert.match(result.err, message);
    assert.deepEqual(await openDataFolder(data).staged(), []);
  }
});
