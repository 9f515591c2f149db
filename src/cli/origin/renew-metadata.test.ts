import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { chainToPem } from '../../../test/fakes/certificate-pem.ts';
import { buildFourPlatforms, writeLayout } from '../../../test/fakes/image-builder.ts';
import { createRawKey } from '../../../test/fakes/raw-keys.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { createTestChain } from '../../../test/fakes/signing-certificates.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-renew-metadata-'));
const at = (name: string) => join(root, name);
const registry = 'images.example.org';
const day = 86_400_000;
let number = 0;

const signpost = async (...argv: readonly string[]): Promise<string> => {
  const { status, out, err } = await runCommand(...argv);
  assert.equal(status, 0, err);
  return out;
};
const origin = (...argv: readonly string[]) => signpost(...argv, '--config', at('origin.yaml'));

async function signAll(): Promise<string> {
  const [request, bundle] = [at(`${(number += 1)}.request`), at(`${number}.bundle`)];
  await origin('request', '-o', request);
  const files = ['--tuf', at('tuf.yaml'), '--notary', at('notary.yaml'), '--record', at('record.db')];
  await signpost('sign', request, '-o', bundle, '--cosign-key', at('image.pem'), '--yes', ...files);
  return origin('accept', bundle);
}

interface Renewed {
  readonly tags: readonly { repository: string; tag: string }[];
  readonly roles: readonly { role: string; repository?: string; expires: string; by: string; tag?: string }[];
  readonly timestampExpires?: string;
}
const renew = async (...argv: readonly string[]) =>
  JSON.parse(await origin('renew', '--json', ...argv)) as Renewed;

interface Expiring {
  readonly role: string;
  readonly state: string;
  readonly secondsLeft: number;
}
async function rolesNow(): Promise<ReadonlyMap<string, number>> {
  const status = JSON.parse(await origin('status', '--json')) as {
    roles: Expiring[];
    repositories: { repository: string; roles: Expiring[] }[];
  };
  const named = status.repositories.flatMap(({ repository, roles }) =>
    roles.map((life) => [`${life.role} ${repository}`, life] as const),
  );
  const all = [...status.roles.map((life) => [life.role, life] as const), ...named];
  return new Map(all.map(([name, { secondsLeft }]) => [name, Math.ceil((secondsLeft * 1000) / day)]));
}

async function writeKeyPair(name: string): Promise<void> {
  const key = createRawKey();
  await writeFile(at(`${name}.pem`), key.pem, { mode: 0o600 });
  await writeFile(at(`${name}.pub`), key.publicPem);
}

before(async () => {
  for (const name of ['root', 'targets', 'snapshot', 'timestamp', 'image']) await writeKeyPair(name);
  const chain = chainToPem(await createTestChain(Date.now(), { subject: `CN=${registry}/*` }));
  await writeFile(at('notary.pem'), chain.key, { mode: 0o600 });
  await writeFile(at('notary.crt'), chain.root);
  await writeLayout(at('layout'), { four: buildFourPlatforms() });
  const pub = (name: string) => at(`${name}.pub`);
  const roleKeys = [
    '--targets',
    pub('targets'),
    '--snapshot',
    pub('snapshot'),
    '--timestamp',
    pub('timestamp'),
  ];
  await signpost('tuf', 'root', 'create', '--root', pub('root'), ...roleKeys, '-o', at('draft.json'));
  await signpost('tuf', 'root', 'sign', at('draft.json'), '--key', at('root.pem'), '--yes');
  await signpost('tuf', 'root', 'finish', at('draft.json'), '-o', at('1.root.json'));
  const notaryRoot = ['--key', at('notary.pem'), '--certificate', at('notary.crt'), ...roleKeys];
  await signpost('notary', 'root', ...notaryRoot, '-o', at('notary-root.json'));
  const keys = { targets: ['targets.pem'], snapshot: ['snapshot.pem'] };
  const lives = { targets: '90d', snapshot: '30d', timestamp: '20d' };
  await writeFile(
    at('tuf.yaml'),
    JSON.stringify({ roots: ['1.root.json'], repositories: ['demo/**'], keys, validity: lives }),
  );
  const notaryKeys = { targets: 'targets.pem', snapshot: 'snapshot.pem', timestamp: 'timestamp.pem' };
  const notary = {
    roots: ['notary-root.json'],
    repositories: ['demo/tool'],
    keys: notaryKeys,
    validity: lives,
  };
  await writeFile(at('notary.yaml'), JSON.stringify(notary));
  const config = {
    data: 'data',
    registry: { name: registry },
    repositories: [{ match: '*', formats: ['cosign'], cosignKeys: ['image.pub'] }],
    tuf: { root: '1.root.json', timestampKey: 'timestamp.pem', timestampValidity: '2d' },
    notary: { certificates: ['notary.crt'] },
  };
  await writeFile(at('origin.yaml'), JSON.stringify(config));
  for (const target of ['demo/tool:1', 'demo/tool:2', 'demo/other:1', 'plain/app:1']) {
    await origin('publish', `oci:${at('layout')}:four`, target);
  }
  assert.match(await signAll(), /placed +tuf: 6 files/);
});
after(() => rm(root, { recursive: true }));

test('status knows every role, and nothing is due at first', async () => {
  const roles = await rolesNow();
  assert.deepEqual([...roles.keys()].toSorted(), [
    'cosign demo/other',
    'cosign demo/tool',
    'cosign plain/app',
    'notary-root demo/tool',
    'notary-snapshot demo/tool',
    'notary-targets demo/tool',
    'notary-targets/releases demo/tool',
    'notary-timestamp demo/tool',
    'tuf-root',
    'tuf-snapshot',
    'tuf-targets',
    'tuf-targets demo/other',
    'tuf-targets demo/tool',
    'tuf-timestamp',
  ]);
  assert.deepEqual(
    ['tuf-timestamp', 'tuf-snapshot', 'notary-timestamp demo/tool', 'tuf-targets'].map((name) =>
      roles.get(name),
    ),
    [2, 30, 20, 90],
  );
  assert.deepEqual(await renew(), { tags: [], roles: [] });
  await origin('status', '--check');
});

test('a timestamp whose key is here is renewed here, and nothing is staged', async () => {
  const { tags, roles, timestampExpires = '' } = await renew('--expiring-within', '3d');
  assert.deepEqual(tags, []);
  assert.deepEqual(
    roles.map(({ role, by }) => [role, by]),
    [['tuf-timestamp', 'here']],
  );
  assert.ok(Date.parse(timestampExpires) >= Date.parse(roles[0]?.expires ?? ''));
});

test('one tag signed again renews the snapshots of TUF and of Notary v1 before they expire', async () => {
  const { tags, roles } = await renew('--expiring-within', '31d');
  assert.deepEqual(
    roles.map(({ role, repository, by, tag }) => [role, repository, by, tag]),
    [
      ['tuf-snapshot', undefined, 'tag', 'demo/other:1'],
      ['tuf-timestamp', undefined, 'tag', 'demo/other:1'],
      ['notary-snapshot', 'demo/tool', 'tag', 'demo/tool:1'],
      ['notary-timestamp', 'demo/tool', 'tag', 'demo/tool:1'],
    ],
  );
  assert.deepEqual(tags.map(({ repository, tag }) => `${repository}:${tag}`).toSorted(), [
    'demo/other:1',
    'demo/tool:1',
  ]);
  const before = await versions();
  assert.match(await signAll(), /placed +tuf: /);
  const later = await versions();
  assert.equal(later.snapshot, before.snapshot + 1);
  assert.ok(Date.parse(later.expires) >= Date.parse(before.expires));
  await origin('status', '--check');
});

test('of roots it says that they take a ceremony', async () => {
  const out = await origin('renew', '--expiring-within', '400d', '--repository', 'demo/other');
  assert.match(out, /^tuf-root expires on .*: only a ceremony with the root keys renews it/m);
  assert.match(out, /^demo\/other:1 {2}sha256:/m);
  assert.doesNotMatch(out, /demo\/tool/);
});

async function versions(): Promise<{ readonly snapshot: number; readonly expires: string }> {
  const { readFile, readdir } = await import('node:fs/promises');
  const folder = at('data/tree/tuf');
  const numbers = (await readdir(folder)).flatMap(
    (name) => /^([0-9]+)\.snapshot\.json$/.exec(name)?.[1] ?? [],
  );
  const snapshot = Math.max(...numbers.map(Number));
  const bytes = await readFile(join(folder, `${snapshot}.snapshot.json`), 'utf8');
  return { snapshot, expires: (JSON.parse(bytes) as { signed: { expires: string } }).signed.expires };
}
