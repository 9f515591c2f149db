import assert from 'node:assert/strict';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startFaultyMirror } from '../../../test/fakes/faulty-mirror.ts';
import { buildImage, writeLayout } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-recover-'));
const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
const at = (...parts: readonly string[]) => join(root, ...parts);
let number = 0;

const origin = (...argv: readonly string[]) => runCommand(...argv, '--config', at('origin.yaml'));
const must = async (...argv: readonly string[]): Promise<string> => {
  const { status, out, err } = await origin(...argv);
  assert.equal(status, 0, err);
  return out;
};

/** Publishes an image, signed. */
async function publish(tag: string): Promise<{ readonly serial: number; readonly request: number }> {
  const [layout, request, bundle] = [
    at(`layout-${tag}`),
    at(`${(number += 1)}.request`),
    at(`${number}.bundle`),
  ];
  await writeLayout(layout, buildImage({ layers: [{ tag }] }));
  await must('publish', `oci:${layout}`, `fedora/base:${tag}`);
  const written = JSON.parse(await must('request', '-o', request, '--json')) as { serial: number };
  const key = ['--key', join(vectors, 'ed25519.secret.pgp'), '--passphrase-file', at('passphrase')];
  const signed = await runCommand(
    'sign',
    request,
    '-o',
    bundle,
    ...key,
    '--record',
    at('record.db'),
    '--yes',
  );
  assert.equal(signed.status, 0, signed.err);
  const { serial } = JSON.parse(await must('accept', bundle, '--json')) as { serial: number };
  return { serial, request: written.serial };
}

interface Result {
  readonly done: boolean;
  readonly past: { readonly publication: number; readonly request: number } | null;
  readonly mirrors: readonly { readonly name: string; readonly serial: number | null }[];
  readonly forgotten: {
    readonly signed: readonly { readonly reference: string }[];
    readonly listed: readonly { readonly repository: string; readonly names: readonly string[] }[];
  };
}
const recover = async (...argv: readonly string[]) =>
  JSON.parse(await must('recover', '--yes', '--json', ...argv)) as Result;

before(async () => {
  await writeFile(at('passphrase'), 'correct horse\n');
  await writeFile(
    at('origin.yaml'),
    `data: data
registry: { name: images.example.org }
repositories: [{ match: "*", keys: ["${join(vectors, 'both.asc')}"] }]
mirrors: { allowAddresses: [127.0.0.0/8] }
`,
  );
  assert.deepEqual(await publish('41'), { serial: 1, request: 1 });
});
after(() => rm(root, { recursive: true }));

test('after an old copy of the database was put back nothing is done before "recover", which gives no number out again', async () => {
  await cp(at('data/signpost.db'), at('old.db'));
  assert.deepEqual(await publish('42'), { serial: 2, request: 2 });
  const marker = await readFile(at('data/tree/publication.json'));
  await putBack(at('old.db'));

  for (const argv of [
    ['publish', `oci:${at('layout-41')}`, 'fedora/base:43'],
    ['request', '-o', at('none.request')],
    ['renew', '--all'],
    ['accept', at('2.bundle')],
  ]) {
    const { status, err } = await origin(...argv);
    assert.equal(status, 3, argv.join(' '));
    assert.match(err, /publication\.json is at serial 2 but the database at 1: .*signpost recover/);
  }
  assert.deepEqual(JSON.parse(await must('staged', 'list', '--json')), { images: [] });

  const asked = await origin('recover');
  assert.equal(asked.status, 2, 'nobody is there to agree');
  assert.match(asked.err, /database: publication 1, request 1\ntree: {5}publication 2\n/);
  assert.match(asked.err, /fedora\/base@sha256:.* signed as images\.example\.org\/fedora\/base:42/);
  const named = asked.err.split('\n').filter((line) => line.includes('  signed as '));
  assert.equal(new Set(named).size, named.length, 'each once, although a list has two names in the tree');
  assert.deepEqual(await readFile(at('data/tree/publication.json')), marker);

  const { done, past, forgotten } = await recover('--signer-record', at('record.db'));
  assert.deepEqual([done, past], [true, { publication: 3, request: 1002 }]);
  assert.deepEqual(
    forgotten.signed.map(({ reference }) => reference),
    ['fedora/base:42'],
  );
  assert.ok(forgotten.listed.length >= 2, 'the list and its manifest');
  assert.equal((await recover()).past, null);
  assert.deepEqual(await publish('42'), { serial: 4, request: 1003 });
  assert.match(await must('scrub'), / 0 problems, 0 notices/);
});

test('after a copy of everything was put back the mirrors know better', async (t) => {
  await cp(at('data'), at('backup'), { recursive: true });
  await publish('44');
  const later = await publish('45');
  await cp(at('data/tree'), at('mirror'), { recursive: true });
  await rm(at('data'), { recursive: true });
  await cp(at('backup'), at('data'), { recursive: true });
  const mirror = await startFaultyMirror({ root: at('mirror') });
  t.after(() => mirror.close());
  await must('mirror', 'add', 'uni', mirror.url, '--country', 'DE');
  await must('mirror', 'add', 'gone', 'http://127.0.0.1:9', '--country', 'DE');
  assert.equal((await recover('--no-mirrors')).past, null);
  const { past, mirrors } = await recover('--signer-record', at('record.db'));
  assert.deepEqual(mirrors, [
    { name: 'gone', serial: null },
    { name: 'uni', serial: later.serial },
  ]);
  assert.deepEqual(past, { publication: later.serial + 1, request: later.request + 1000 });
  assert.equal((await publish('44')).serial, later.serial + 2);
});

test('what is no record of a signer is refused', async () => {
  for (const [file, status] of [
    [at('absent.db'), 4],
    [at('origin.yaml'), 1],
  ] as const) {
    const result = await origin('recover', '--signer-record', file, '--yes');
    assert.equal(result.status, status, result.err);
  }
  assert.equal((await origin('recover', '--past-publication', '0')).status, 2);
});

async function putBack(copy: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(at(`data/signpost.db${suffix}`), { force: true });
  await cp(copy, at('data/signpost.db'));
}
