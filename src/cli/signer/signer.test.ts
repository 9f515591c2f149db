import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { buildFourPlatforms, buildImage, buildList, writeLayout } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { type SealPair, createSealPair } from '../../../test/fakes/seal-pair.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-signer-'));
const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
const main = join(import.meta.dirname, '../main.ts');
const layout = join(root, 'layout');
const at = (...parts: readonly string[]) => join(root, ...parts);
let pairs: Readonly<Record<'build' | 'alice' | 'bundle', SealPair>>;
let number = 0;

before(async () => {
  const images = Object.fromEntries(
    Array.from({ length: 8 }, (_, index) => [
      `${index}`,
      buildList([buildImage({ layers: [{ n: `${index}` }] })]),
    ]),
  );
  await writeLayout(layout, { four: buildFourPlatforms(), ...images });
  pairs = { build: await createSealPair(), alice: await createSealPair(), bundle: await createSealPair() };
  for (const [name, { privatePem, publicPem }] of Object.entries(pairs)) {
    await writeFile(at(`${name}.pem`), privatePem, { mode: 0o600 });
    await writeFile(at(`${name}.pub`), publicPem);
  }
  await writeFile(at('passphrase'), 'correct horse\n');
  await writeFile(
    at('policy.yaml'),
    `requesters: { build: build.pub }
approvers: { alice: alice.pub }
rules:
  - { name: base, repositories: ["fedora/*"], requesters: [build] }
  - { name: other, repositories: ["other/**"], requesters: [build], approvals: { need: 1, of: [alice] } }
`,
  );
  await writeFile(
    at('origin.yaml'),
    `data: data
registry: { name: images.example.org }
repositories: [{ match: "*", keys: ["${join(vectors, 'both.asc')}"] }]
signers: [bundle.pub]
`,
  );
});
after(() => rm(root, { recursive: true }));

const origin = (...argv: readonly string[]) => runCommand(...argv, '--config', at('origin.yaml'));

const signingOptions = () => [
  '--policy',
  at('policy.yaml'),
  '--key',
  join(vectors, 'ed25519.secret.pgp'),
  '--passphrase-file',
  at('passphrase'),
  '--bundle-key',
  at('bundle.pem'),
  '--record',
  at('record.db'),
];

async function succeed(running: ReturnType<typeof runCommand>): Promise<string> {
  const { status, out, err } = await running;
  assert.equal(status, 0, err);
  return out;
}

/** Stages an image and writes a request for what is staged of its repository. */
async function ask(image: string, target: string): Promise<string> {
  await succeed(origin('publish', `oci:${layout}:${image}`, target));
  const path = at(`request-${(number += 1)}.request`);
  const [repository = ''] = target.split(':');
  await succeed(
    origin('request', '--repository', repository, '-o', path, '--requester-key', at('build.pem')),
  );
  return path;
}

test('request, watch and accept: nobody is asked, and the bundle is vouched for', async () => {
  const folder = at('plain');
  await mkdir(join(folder, 'in'), { recursive: true });
  await copyFile(await ask('four', 'fedora/base:41'), join(folder, 'in', 'monday.request'));
  const watched = await succeed(
    runCommand('signer', 'watch', folder, ...signingOptions(), '--once', '--json'),
  );
  assert.deepEqual(JSON.parse(watched), { signed: 1, waiting: 0, refused: 0, failed: 0, ignored: [] });
  const [bundle = ''] = await readdir(join(folder, 'out'));
  const accepted = await succeed(origin('accept', join(folder, 'out', bundle)));
  assert.match(accepted, /published {2}fedora\/base:41/);
  assert.match(
    await succeed(runCommand('signer', 'watch', folder, ...signingOptions(), '--once')),
    /^0 requests signed, 0 waiting, 0 refused, 0 failed\.\n$/,
  );
});

test('a bundle that nobody vouches for is refused where signers are configured', async () => {
  const path = await ask('0', 'fedora/plain:1');
  const bundle = at('plain.bundle');
  const options = signingOptions()
    .slice(2)
    .filter((_, index) => index < 4);
  await succeed(runCommand('sign', path, ...options, '--record', at('own.db'), '--yes', '-o', bundle));
  const { status, err } = await origin('accept', bundle);
  assert.equal(status, 3);
  assert.match(err, /has no seal, and the configuration names signers/);
});

test('what needs an approval waits; then it is approved and signed', async () => {
  const folder = at('approved');
  await mkdir(join(folder, 'in'), { recursive: true });
  await copyFile(await ask('1', 'other/a:1'), join(folder, 'in', 'a.request'));
  const watch = () => succeed(runCommand('signer', 'watch', folder, ...signingOptions(), '--once'));
  assert.match(await watch(), /0 requests signed, 1 waiting/);
  const waiting = join(folder, 'waiting', 'a.request');
  assert.match(await readFile(`${waiting}.reason`, 'utf8'), /0 of 1 approvals/);
  const { status, out, err } = await runCommand(
    'signer',
    'approve',
    waiting,
    '--approver-key',
    at('alice.pem'),
    '--yes',
  );
  assert.equal(status, 0, err);
  assert.match(err, /images\.example\.org\/other\/a:1\n/);
  assert.match(out, /^The approval of sha256:/);
  assert.match(await watch(), /1 request signed/);
});

test('a person signs what waits, and sees why it waits', async () => {
  const folder = at('waiting');
  await mkdir(join(folder, 'in'), { recursive: true });
  await copyFile(await ask('2', 'other/b:1'), join(folder, 'in', 'b.request'));
  await succeed(runCommand('signer', 'watch', folder, ...signingOptions(), '--once'));
  const signWaiting = ['signer', 'sign-waiting', folder, ...signingOptions()];
  const unattended = await runCommand(...signWaiting);
  assert.equal(unattended.status, 2);
  assert.match(unattended.err, /add --yes/);
  const { status, out, err } = await runCommand(...signWaiting, '--yes', '--json');
  assert.equal(status, 0, err);
  assert.match(err, /It waits because:\n.*0 of 1 approvals/);
  const result = JSON.parse(out) as { requests: { kind: string; file: string }[] };
  assert.equal(result.requests[0]?.kind, 'signed');
  await succeed(origin('accept', result.requests[0]?.file ?? ''));
  assert.match(await succeed(runCommand(...signWaiting)), /Nothing waits/);
});

test('a signer whose disk was put back to an older state notices, and goes on only when told to', async () => {
  const folder = at('restored');
  await mkdir(join(folder, 'in'), { recursive: true });
  const watch = () => succeed(runCommand('signer', 'watch', folder, ...signingOptions(), '--once'));
  const backup = at('backup.db');
  await copyFile(at('record.db'), backup);
  await copyFile(await ask('5', 'fedora/restored:1'), join(folder, 'in', 'a.request'));
  await watch();
  const [bundle = ''] = await readdir(join(folder, 'out'));
  await succeed(origin('accept', join(folder, 'out', bundle)));

  await copyFile(backup, at('record.db'));
  await copyFile(await ask('6', 'fedora/restored:1'), join(folder, 'in', 'b.request'));
  assert.match(await watch(), /0 requests signed, 1 waiting/);
  assert.match(
    await readFile(join(folder, 'waiting', 'b.request.reason'), 'utf8'),
    /the record is an old copy/,
  );
  const signWaiting = ['signer', 'sign-waiting', folder, ...signingOptions(), '--yes'];
  const refused = await runCommand(...signWaiting);
  assert.equal(refused.status, 3);
  assert.match(refused.err, /--adopt-record/);
  assert.match(await succeed(runCommand(...signWaiting, '--adopt-record')), /^signed/);
});

test('a policy or a size that cannot be understood is told before anything is done', async () => {
  await writeFile(at('bad.yaml'), 'rules: [{ name: x }]');
  const bad = await runCommand(
    'signer',
    'watch',
    at('bad'),
    '--policy',
    at('bad.yaml'),
    '--gpg',
    'x',
    '--once',
  );
  assert.equal(bad.status, 2);
  assert.match(bad.err, /bad\.yaml is not a valid signer's policy/);
  const size = await runCommand('signer', 'watch', at('bad'), ...signingOptions(), '--maximum-size', 'all');
  assert.equal(size.status, 2);
});

const watchProcess = (folder: string): ChildProcess =>
  spawn(process.execPath, [main, 'signer', 'watch', folder, ...signingOptions(), '--interval', '1s'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });

test('watch notices a request that appears, and ends in good order', { timeout: 60_000 }, async () => {
  const folder = at('running');
  const child = watchProcess(folder);
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => (log += chunk.toString()));
  await eventually(() => log.includes('"event":"watching"'));
  const path = await ask('3', 'fedora/run:1');
  await copyFile(path, join(folder, 'in', '.tmp'));
  await rename(join(folder, 'in', '.tmp'), join(folder, 'in', 'a.request'));
  await eventually(async () => (await readdir(join(folder, 'out'))).some((name) => name.endsWith('.bundle')));
  child.kill('SIGTERM');
  const [status] = (await once(child, 'exit')) as [number | null];
  assert.equal(status, 0, log);
  for (const line of log.trim().split('\n')) JSON.parse(line);
  assert.match(log, /"event":"signed"/);
});

test(
  'watch can be killed at any moment: no request gets two bundles, none gets half of one',
  { timeout: 120_000 },
  async () => {
    const folder = at('killed');
    await mkdir(join(folder, 'in'), { recursive: true });
    const seen = new Map<string, string>();
    const collect = async () => {
      for (const name of await readdir(join(folder, 'out')).catch(() => [])) {
        if (!name.endsWith('.bundle') || name.startsWith('.')) continue;
        const text = await readFile(join(folder, 'out', name), 'utf8');
        assert.match(text, /\{"end":true,.*\}\n$/);
        const known = seen.get(name);
        assert.ok(known === undefined || known === text, `${name} changed`);
        seen.set(name, text);
      }
    };
    const requests: string[] = [];
    for (const [index, milliseconds] of [250, 400, 500, 600, 700].entries()) {
      const path = await ask(`${index}`, `fedora/kill-${index}:1`);
      requests.push(
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex'),
      );
      await copyFile(path, join(folder, 'in', `${index}.request`));
      const child = watchProcess(folder);
      const ended = once(child, 'exit');
      await Promise.race([setTimeout(milliseconds), ended]);
      child.kill('SIGKILL');
      await ended;
      await collect();
    }
    await succeed(runCommand('signer', 'watch', folder, ...signingOptions(), '--once'));
    await collect();
    for (const request of requests) {
      const bundles = [...seen.keys()].filter((name) => name.includes(request));
      assert.equal(bundles.length, 1, `${bundles.length} bundles for ${request}`);
    }
    assert.deepEqual(
      (await readdir(join(folder, 'out'))).filter((name) => name.startsWith('.')),
      [],
    );
    assert.deepEqual(await readdir(join(folder, 'in')), []);
  },
);

async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 300; tries += 1) {
    if (await holds()) return;
    await setTimeout(100);
  }
  assert.fail('it did not happen in 30 seconds');
}

test('a policy whose key files are missing or are none is refused before anything is signed', async () => {
  await mkdir(at('unread'), { recursive: true });
  for (const [key, message] of [
    ['none.pub', /the policy .*wrong\.yaml: there is no file .*none\.pub/],
    ['.', /the policy .*wrong\.yaml: cannot read/],
    ['passphrase', /passphrase does not hold just one public key/],
  ] as const) {
    await writeFile(at('wrong.yaml'), `requesters: { build: ${key} }\n`);
    const options = ['--policy', at('wrong.yaml'), '--key', join(vectors, 'ed25519.secret.pgp'), '--once'];
    const { status, err } = await runCommand('signer', 'watch', at('unread'), ...options);
    assert.equal(status, 2, err);
    assert.match(err, message);
  }
});
