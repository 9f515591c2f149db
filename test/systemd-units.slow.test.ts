import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import {
  copyFile,
  glob,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rename,
  rm,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { buildFourPlatforms, writeLayout } from './fakes/image-builder.ts';
import { createSealPair } from './fakes/seal-pair.ts';

const run = promisify(execFile);
const checkout = join(import.meta.dirname, '..');
const units = join(checkout, 'packaging', 'systemd');
const vectors = join(checkout, 'test', 'vectors', 'openpgp');
const root = await mkdtemp(join(tmpdir(), 'signpost-units-'));
const at = (...parts: readonly string[]) => join(root, ...parts);

/** Where the units say that things are, and where they are here. */
const places: readonly (readonly [string, string])[] = [
  ['/opt/signpost', checkout],
  ['/etc/signpost', at('etc')],
  ['/var/lib/signpost-signer', at('signer-state')],
  ['/var/spool/signpost', at('spool')],
  ['/srv/signer', at('signer')],
  ['/srv/signpost-mirror', at('mirror')],
  ['%d/release', at('etc', 'passphrase')],
];

interface Unit {
  readonly commands: readonly (readonly string[])[];
  readonly setting: (name: string) => string | undefined;
}

/** The settings of a unit, with the paths of this test. */
async function readUnit(name: string): Promise<Unit> {
  let text = (await readFile(join(units, name), 'utf8')).replaceAll('\\\n', ' ');
  for (const [from, to] of places) text = text.replaceAll(from, to);
  const settings = [...text.matchAll(/^(\w+)=(.*)$/gm)].map(
    ([, key = '', value = '']) => [key, value] as const,
  );
  return {
    commands: settings.filter(([key]) => key === 'ExecStart').map(([, value]) => value.trim().split(/\s+/)),
    setting: (wanted) => settings.find(([key]) => key === wanted)?.[1],
  };
}

async function start(unit: Unit, more: readonly string[] = []): Promise<void> {
  assert.ok(unit.commands.length > 0);
  for (const [program = '', ...args] of unit.commands) {
    await run(program, [...args, ...more], { cwd: unit.setting('WorkingDirectory') ?? root });
  }
}

const signpost = async (...argv: readonly string[]) =>
  (await run(join(checkout, 'bin', 'signpost'), [...argv, '--config', at('etc', 'signpost.yaml')])).stdout;

interface Status {
  readonly repositories: readonly { readonly expires: string }[];
}
const expiry = async () => {
  const { repositories } = JSON.parse(await signpost('status', '--json')) as Status;
  return Date.parse(repositories[0]?.expires ?? '');
};

let port = 0;

before(async () => {
  for (const folder of ['etc', 'signer/in', 'signer-state', 'spool/requests', 'spool/bundles', 'mirror']) {
    await mkdir(at(folder), { recursive: true });
  }
  await writeLayout(at('layout'), { four: buildFourPlatforms() });
  for (const name of ['requester', 'bundle']) {
    const pair = await createSealPair();
    await writeFile(at('etc', `${name}.pem`), pair.privatePem, { mode: 0o600 });
    await writeFile(at('etc', `${name}.pub`), pair.publicPem);
  }
  await copyFile(join(vectors, 'ed25519.secret.pgp'), at('etc', 'release.key'));
  await writeFile(at('etc', 'passphrase'), 'correct horse\n');
  await writeFile(
    at('etc', 'signer-policy.yaml'),
    'requesters: { build: requester.pub }\nrules: [{ name: all, repositories: ["**"], requesters: [build] }]\n',
  );
  port = await freePort();
  await writeFile(
    at('etc', 'signpost.yaml'),
    `data: ${at('data')}
registry: { name: images.example.org, listen: [{ address: 127.0.0.1, port: ${port} }] }
repositories: [{ match: "*", keys: ["${join(vectors, 'both.asc')}"] }]
signers: [bundle.pub]
`,
  );
});
after(() => rm(root, { recursive: true }));

test('the units renew a tag, each by its own command line: renew, request, signer watch, accept', async () => {
  const [renew, signer, accept] = [
    await readUnit('signpost-renew.service'),
    await readUnit('signpost-signer.service'),
    await readUnit('signpost-accept.service'),
  ];
  const { setting } = await readUnit('signpost-accept.path');
  const pattern = setting('PathExistsGlob') ?? '';
  const bring = async (from: string, to: string) => {
    const names = (await readdir(from)).filter((name) => !name.startsWith('.'));
    for (const name of names) await rename(join(from, name), join(to, name));
    return names;
  };
  const deliver = async () => {
    assert.equal((await bring(at('spool', 'requests'), at('signer', 'in'))).length, 1);
    await start(signer, ['--once']);
    assert.deepEqual(await readdir(at('signer', 'in')), []);
    await bring(at('signer', 'out'), at('spool', 'bundles'));
    const seen = await matching(pattern);
    assert.equal(seen.length, 1, `the path unit sees nothing at ${pattern}`);
    await start(accept);
    // Otherwise the path unit would start the service again and again.
    assert.deepEqual(await matching(pattern), []);
    assert.ok((await readdir(at('spool', 'bundles', 'accepted'))).includes(basename(seen[0] ?? '')));
  };

  await signpost('publish', `oci:${at('layout')}:four`, 'fedora/base:41');
  await start({ ...renew, commands: renew.commands.slice(1) });
  await deliver();
  const before = await expiry();
  assert.ok(before > Date.now());
  // A tag that is due: at once, for the unit's own choice would come in two months.
  const [first = [], second = []] = renew.commands;
  await start({ ...renew, commands: [[...first, '--all'], second] });
  await deliver();
  assert.ok((await expiry()) > before);
});

test('a bundle that is no bundle is put aside with the reason, and the next one is accepted all the same', async () => {
  const accept = await readUnit('signpost-accept.service');
  const bundles = at('spool', 'bundles');
  await writeFile(join(bundles, 'a.bundle'), 'rubbish\n');
  await writeFile(join(bundles, '.b.bundle'), 'on its way\n');
  await utimes(join(bundles, 'a.bundle'), 1, 1);
  await assert.rejects(start(accept), /refused 1 of 1 bundle\n/);
  assert.deepEqual(await readdir(join(bundles, 'refused')), ['a.bundle', 'a.bundle.reason']);
  assert.ok((await readdir(bundles)).includes('.b.bundle'));
  await start(accept);
});

test('the mirror is filled from where the Mirror List serves the tree', async () => {
  const [serve, mirror] = [
    await readUnit('signpost.service'),
    await readUnit('signpost-mirror-https.service'),
  ];
  const [[program = '', ...args] = []] = serve.commands;
  const server = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'] });
  try {
    for await (const text of server.stdout) if (String(text).includes('Serving')) break;
    const commands = mirror.commands.map((words) =>
      words.map((word) => word.replace('https://images.example.org', `http://127.0.0.1:${port}`)),
    );
    assert.ok(commands[0]?.some((word) => word.includes(String(port))));
    await start({ ...mirror, commands }, ['--allow-address', '127.0.0.0/8']);
    assert.ok((await readdir(at('mirror'))).includes('publication.json'));
  } finally {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill();
    await ended;
  }
});

async function matching(pattern: string): Promise<readonly string[]> {
  const found: string[] = [];
  for await (const path of glob(pattern)) found.push(path);
  return found;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}
