import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFile, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildFourPlatforms, buildImage, writeLayout } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-renew-'));
const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
const at = (...parts: readonly string[]) => join(root, ...parts);
const ed25519 = join(vectors, 'ed25519.secret.pgp');
const rsa = join(vectors, 'rsa3072.secret.asc');
let number = 0;

const signpost = async (...argv: readonly string[]): Promise<string> => {
  const { status, out, err } = await runCommand(...argv);
  assert.equal(status, 0, err);
  return out;
};
const origin = (...argv: readonly string[]) => signpost(...argv, '--config', at('origin.yaml'));

/** Signs everything that is staged, and accepts it. */
async function signAll(key: string, life: string): Promise<string> {
  const [request, bundle] = [at(`${(number += 1)}.request`), at(`${number}.bundle`)];
  await origin('request', '-o', request);
  const common = ['--passphrase-file', at('passphrase'), '--record', at('record.db'), '--yes'];
  await signpost('sign', request, '-o', bundle, '--key', key, '--expires', life, ...common);
  return origin('accept', bundle);
}

interface Listed {
  readonly tags: readonly { repository: string; tag: string; expires: string; replacedBy?: string }[];
}
const renew = async (...argv: readonly string[]) => {
  const { tags } = JSON.parse(await origin('renew', '--json', ...argv)) as Listed;
  return tags.map(({ repository, tag }) => `${repository}:${tag}`);
};
const staged = async () => {
  const { images } = JSON.parse(await origin('staged', 'list', '--json')) as { images: { tag: string }[] };
  return images.map(({ tag }) => tag);
};

before(async () => {
  await writeLayout(at('layout'), { four: buildFourPlatforms(), single: buildImage() });
  await writeFile(at('passphrase'), 'correct horse\n');
  await copyFile(join(vectors, 'both.asc'), at('keys.asc'));
  await writeFile(
    at('origin.yaml'),
    `data: data\nregistry: { name: images.example.org }\nrepositories: [{ match: "*", keys: [keys.asc] }]\n`,
  );
  await origin('publish', `oci:${at('layout')}:four`, 'fedora/base:41');
  await signAll(ed25519, '10d');
  await origin('publish', `oci:${at('layout')}:single`, 'fedora/base:42');
  await signAll(rsa, '90d');
});
after(() => rm(root, { recursive: true }));

test('tags whose signatures expire soon are signed again, without copying a blob', async () => {
  assert.deepEqual(await renew('--expiring-within', '5d'), []);
  assert.deepEqual(await renew('--expiring-within', '30d'), ['fedora/base:41']);
  assert.deepEqual(await staged(), ['41']);
  const blobs = at('data', 'staging', 'blobs');
  const copied = await readdir(blobs, { recursive: true }).catch(() => []);
  const files = [];
  for (const name of copied) if ((await stat(join(blobs, name))).isFile()) files.push(name);
  assert.deepEqual(files, []);
  assert.match(await signAll(ed25519, '80d'), /published {2}fedora\/base:41/);
  assert.deepEqual(await renew('--expiring-within', '30d'), []);
  assert.deepEqual(await staged(), []);
});

test('tags that a key has signed are found, and by another key they are signed anew', async () => {
  const { keys } = await import('openpgp').then(async ({ readKeys }) => {
    const { readFile } = await import('node:fs/promises');
    return { keys: await readKeys({ armoredKeys: await readFile(at('keys.asc'), 'utf8') }) };
  });
  const [fingerprint = '', other = ''] = keys
    .toSorted((a, b) => a.getAlgorithmInfo().algorithm.localeCompare(b.getAlgorithmInfo().algorithm))
    .map((key) => key.getFingerprint());
  assert.deepEqual(await renew('--signed-by', fingerprint), ['fedora/base:41']);
  await signAll(rsa, '90d');
  assert.deepEqual(await renew('--signed-by', other.toUpperCase()), ['fedora/base:41', 'fedora/base:42']);
  await origin('staged', 'discard', 'fedora/base:41');
  await origin('staged', 'discard', 'fedora/base:42');
});

test('what is staged for a tag already is not put back', async () => {
  await origin('publish', `oci:${at('layout')}:four`, 'fedora/base:42');
  const { tags } = JSON.parse(await origin('renew', '--all', '--json')) as Listed;
  assert.deepEqual(
    tags.map(({ tag, replacedBy }) => [tag, replacedBy !== undefined]),
    [
      ['41', false],
      ['42', true],
    ],
  );
  assert.deepEqual(await renew('--all', '--repository', 'fedora/other'), []);
});

test('without a choice, what has less than a third of its life left is staged', async () => {
  await origin('staged', 'discard', 'fedora/base:41');
  await origin('staged', 'discard', 'fedora/base:42');
  assert.deepEqual(await renew(), []);
});

test('with a choice that cannot be understood, nothing is staged', async () => {
  for (const argv of [
    ['--all', '--expiring-within', '5d'],
    ['--signed-by', 'ABCD'],
    ['--expiring-within', 'soon'],
  ]) {
    const { status } = await runCommand('renew', ...argv, '--config', at('origin.yaml'));
    assert.equal(status, 2, argv.join(' '));
  }
});

test('the record of changes tells of publications, renewals and what was discarded', async () => {
  await origin('renew', '--all');
  await origin('staged', 'discard', 'fedora/base:41');
  const { entries } = JSON.parse(await origin('audit', '--json', '--limit', '500')) as {
    entries: { action: string; subject: string; who: string; before?: { list?: string } }[];
  };
  const found = (action: string) => entries.filter((entry) => entry.action === action);
  assert.match(found('image.publish').at(-1)?.subject ?? '', /^fedora\/base:41$/);
  assert.ok(found('image.renew').length >= 2);
  const [discarded] = found('image.discard');
  assert.equal(discarded?.subject, 'fedora/base:41');
  assert.match(discarded.before?.list ?? '', /^sha256:/);
  assert.ok(entries.every(({ who }) => who.startsWith('user ')));
});

test('a clock here that is slow is named, since nothing would be seen to expire', async () => {
  const slow = at('slow.mjs');
  await writeFile(
    slow,
    'const R = Date, d = -30 * 864e5; globalThis.Date = class extends R { constructor(...a) { if (a.length) super(...a); else super(R.now() + d); } static now() { return R.now() + d; } };',
  );
  const run = (...argv: readonly string[]) => {
    const main = join(import.meta.dirname, '../main.ts');
    const given = ['--import', slow, main, ...argv, '--config', at('origin.yaml')];
    return spawnSync(process.execPath, given, { encoding: 'utf8' });
  };
  assert.match(run('renew').stdout, /WARNING: this machine's clock says .* the clock here is slow/);
  const status = run('status', '--check');
  assert.equal(status.status, 3);
  assert.match(status.stderr, /the clock here is slow/);
  assert.doesNotMatch(await origin('status'), /clock/);
});
