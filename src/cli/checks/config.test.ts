import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../../test/fakes/run-command.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-config-check-'));
const vectors = join(import.meta.dirname, '../../../test/vectors');
const key = join(vectors, 'openpgp/ed25519.pgp');
after(() => rm(root, { recursive: true }));

let number = 0;
async function check(yaml: string, ...argv: readonly string[]) {
  const file = join(root, `${number++}.yaml`);
  await writeFile(file, `data: ${join(root, 'data')}\n${yaml}`);
  return runCommand('config', 'check', '--config', file, ...argv);
}

async function refused(yaml: string, ...expected: readonly RegExp[]): Promise<void> {
  const { status, out, err } = await check(yaml);
  assert.equal(status, 2, `${yaml}: ${out}`);
  for (const pattern of expected) assert.match(err, pattern);
}

const rules = (text: string) => `repositories: [${text}]\n`;

test('a good configuration has no problems, and nothing is made', async () => {
  const yaml = `registry: { name: "images.example.org:5000" }\n${rules(`{ match: fedora/base, keys: [${key}] }, { match: fedora/*, keys: [${key}] }, { match: "*", keys: [${key}] }`)}`;
  const plain = await check(yaml);
  assert.equal(plain.status, 0, plain.err);
  assert.match(
    plain.out,
    /has no problems\.\nClients pull from images\.example\.org:5000; rules for repositories: 3/,
  );
  assert.deepEqual(JSON.parse((await check(yaml, '--json')).out).problems, []);
});

test('everything that is wrong is named at once, with its line', async () => {
  const yaml = `registry:
  name: https://Images.example.org/
  speed: 3
repositories:
  - match: a*
    keys: [${key}]
  - match: fedora/*
    threshold: 2
    keys: [${key}, ${root}/absent.asc]
  - match: rpm/*
    threshold: 2
    keys: [${key}]
`;
  const { status, out } = await check(yaml, '--json');
  assert.equal(status, 2);
  const { problems } = JSON.parse(out) as { problems: { line: number; setting: string; message: string }[] };
  const found = problems.map(({ line, setting }) => `${line} ${setting}`);
  assert.deepEqual(found, [
    '3 registry.name',
    '4 registry',
    '6 repositories.0.match',
    '10 repositories.1.keys.1',
    '12 repositories.2.threshold',
  ]);
  assert.match(problems[0]?.message ?? '', /write "images\.example\.org"/);
  assert.match(problems[3]?.message ?? '', /there is no file .*absent\.asc/);
  assert.match(problems[4]?.message ?? '', /2 different keys must sign, but "keys" has 1/);
  await refused(yaml, /line 3: registry\.name: /, /line 4: registry: unknown setting "speed"/, /line 12: /);
});

test('a registry name is what clients pull from, as they write it', async () => {
  for (const [name, advice] of [
    ['https://images.test/', /write "images\.test"/],
    ['Images.Example.org', /write "images\.example\.org"/],
    ['images.example.org.', /write "images\.example\.org"/],
    ['images.example.org/fedora', /write "images\.example\.org"/],
    ['" images.example.org"', /write "images\.example\.org"/],
    ['images example org', /such as "images\.example\.org"/],
    ['images.example.org:0', /such as/],
    ['images.example.org:65536', /such as/],
    ['user@images.example.org', /write "images\.example\.org"/],
    ['images', /take a name without a dot .*"images:5000"/],
    ['1.2.3.256', /such as/],
    ['"[::1"', /such as/],
    ['"[12345::]:5000"', /such as/],
    ['bücher.example', /xn--/],
    ['images_1.example.org', /such as/],
    ['""', /registry\.name/],
  ] as const) {
    await refused(`registry: { name: ${name} }\n`, /line 2: registry\.name: /, advice);
  }
  for (const name of [
    'localhost',
    'localhost:5000',
    '127.0.0.1:5000',
    '"[::1]:5000"',
    'images:5000',
    'xn--bcher-kva.example',
  ]) {
    assert.equal((await check(`registry: { name: ${name} }\n`)).status, 0, name);
  }
});

test('a rule that no repository can match is refused', async () => {
  const rule = (match: string) => `{ match: ${JSON.stringify(match)}, keys: [${key}] }`;
  for (const [match, advice] of [
    ['a*', /did you mean "a\/\*"/],
    ['Fedora/*', /did you mean "fedora\/\*"/],
    ['fedora/**', /did you mean "fedora\/\*"/],
    ['/fedora', /did you mean "fedora"/],
    ['fedora/', /did you mean "fedora"/],
    ['**', /or "\*"/],
    ['fedora/base:41', /expected a repository name/],
    [`${'a'.repeat(199)}/*`, /expected a repository name/],
  ] as const) {
    await refused(rules(rule(match)), /repositories\.0\.match: /, advice);
  }
  await refused(
    rules(['fedora/*', 'fedora/base', 'rpm', 'rpm', '*', 'deb'].map(rule).join(', ')),
    /repositories\.1\.match: never used: "fedora\/\*" of rule 0/,
    /repositories\.3\.match: never used: "rpm" of rule 2/,
    /repositories\.5\.match: never used: "\*" of rule 4/,
  );
});

test('a key file that is missing, or holds no key that could sign, is refused', async () => {
  const garbage = join(root, 'garbage.asc');
  await writeFile(garbage, 'no key\n');
  const secret = join(vectors, 'openpgp/ed25519.secret.pgp');
  const rule = (keys: string, rest = '') => rules(`{ match: fedora/*, keys: [${keys}]${rest} }`);
  await refused(rule('absent.asc'), /repositories\.0\.keys\.0: there is no file .*absent\.asc/);
  await refused(rule(`${key}, ${garbage}`), /repositories\.0\.keys\.1: .*holds no OpenPGP public keys/);
  await refused(rule(root), /repositories\.0\.keys\.0: /);
  await refused(rule(secret), /repositories\.0\.keys\.0: .*private key/);
  await refused(rule(`${key}, ${key}`, ', threshold: 2'), /2 different keys must sign, but "keys" has 1/);
  await refused(
    rules(`{ match: a, formats: [cosign, sigstore], cosignKeys: [${garbage}] }`),
    /repositories\.0\.cosignKeys\.0: .*PEM/,
  );
  await refused(
    rules(`{ match: a, formats: [notation], notationRoots: [${garbage}] }`),
    /repositories\.0\.notationRoots\.0: .*no certificates/,
  );
  await refused(
    `signers: [absent.pem]\ntuf: { root: ${garbage}, timestampPassphraseFile: absent }\nnotary: { certificates: [${garbage}] }\n`,
    /signers\.0: there is no file/,
    /tuf\.root: .*no TUF root/,
    /tuf\.timestampPassphraseFile: has no effect without "tuf\.timestampKey"/,
    /notary\.certificates\.0: .*no certificates/,
  );
});

test('listeners have a certificate with its key, and a place of their own', async () => {
  const pair = (name: string) => {
    const [certificate, keyFile] = [join(root, `${name}.pem`), join(root, `${name}.key`)];
    const subject = ['-subj', '/CN=images.example.org', '-days', '2', '-nodes'];
    const made = [
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-keyout',
      keyFile,
      '-out',
      certificate,
    ];
    execFileSync('openssl', ['req', '-x509', ...made, ...subject], { stdio: 'ignore' });
    return { certificate, keyFile };
  };
  const [one, other] = [pair('one'), pair('other')];
  const listen = (certificate: string, keyFile: string) =>
    `registry: { listen: [{ port: 0, tls: { certificate: ${certificate}, key: ${keyFile} } }] }\n`;
  assert.equal((await check(listen(one.certificate, one.keyFile))).status, 0);
  await refused(
    listen(one.certificate, other.keyFile),
    /registry\.listen\.0\.tls: cannot use the certificate/,
  );
  await refused(listen(one.certificate, 'absent.key'), /registry\.listen\.0\.tls: .*absent\.key/);
  await refused(listen(key, one.keyFile), /registry\.listen\.0\.tls: /);
  await refused(
    'registry: { listen: [{ port: 5000 }, { port: 5000 }, { address: "::", port: 5001 }] }\nmetrics: { listen: [{ address: 10.0.0.1, port: 5001 }] }\n',
    /registry\.listen\.1: .*taken by registry\.listen\.0/,
    /metrics\.listen\.0: .*taken by registry\.listen\.2/,
  );
  await refused('registry: { listen: [{ address: "127.0.0.1:5000" }] }\n', /without a port/);
  await refused('admin: { listen: [{ address: 0.0.0.0 }] }\n', /admin\.listen\.0: tokens would cross/);
});

test('addresses, times and files of all other kinds are looked at too', async () => {
  await refused(
    `registry: { trustedProxies: [0.0.0.0/0, 10.0.0.1/8] }
mirrors: { probeInterval: 0s, idleProbeInterval: 25d, allowAddresses: [x], certificateAuthorities: [${key}] }
places: { overrides: [{ netblock: 10.0.0.0/8 }, { netblock: 10.0.0.0/8, country: ZZ }], countryDatabase: absent.mmdb }
webhooks: { hooks: [{ url: "ftp://x", secretFile: absent }], masterSecretFile: absent }
databasePasswordFile: absent
`,
    /registry\.trustedProxies\.0: .*everybody is in it/,
    /registry\.trustedProxies\.1: .*did you mean "10\.0\.0\.0\/8"/,
    /mirrors\.probeInterval: "0s": expected a time longer than nothing/,
    /mirrors\.idleProbeInterval: "25d": .*"24d"/,
    /mirrors\.allowAddresses\.0/,
    /places\.overrides\.0: .*says nothing/,
    /places\.overrides\.1\.country: "ZZ": not an ISO 3166-1 code/,
    /databasePasswordFile: has no effect without "database"/,
  );
  await refused(
    `mirrors: { certificateAuthorities: [${key}] }
places: { countryDatabase: absent.mmdb, asnDatabase: ${key} }
webhooks: { hooks: [{ url: "ftp://x", secretFile: absent }], masterSecretFile: absent }
`,
    /mirrors\.certificateAuthorities\.0: .*no certificates/,
    /places\.countryDatabase: .*absent\.mmdb/,
    /places\.asnDatabase: .*not a MaxMind/,
    /webhooks\.hooks\.0\.url: .*cannot be a webhook/,
    /webhooks\.hooks\.0\.secretFile: there is no file/,
    /webhooks\.masterSecretFile: there is no file/,
  );
});

test('the disk of the data folder is there, and so is a configuration', async () => {
  const file = join(root, 'data.yaml');
  await writeFile(file, `data: ${root}/not/mounted\n`);
  const unmounted = await runCommand('config', 'check', '--config', file);
  assert.match(unmounted.err, /line 1: data: there is no folder .*\/not in which/);
  await writeFile(file, `data: ${key}\n`);
  assert.match(
    (await runCommand('config', 'check', '--config', file)).err,
    /data: .* is a file: expected a folder/,
  );
  const none = await runCommand('config', 'check');
  assert.equal(none.status, 2);
  assert.match(none.err, /there is no configuration/);
});

test('publish, request, accept, renew, status and serve refuse what check refuses', async () => {
  const file = join(root, 'wrong.yaml');
  await writeFile(file, `data: ${root}/data\n${rules('{ match: fedora/*, keys: [absent.asc] }')}`);
  for (const argv of [
    ['publish', 'oci:nowhere', 'fedora/base:41'],
    ['request'],
    ['accept', 'nowhere'],
    ['renew'],
    ['status'],
    ['serve'],
  ]) {
    const { status, err } = await runCommand(...argv, '--config', file);
    assert.equal(status, 2, argv.join(' '));
    assert.match(err, /line 2: repositories\.0\.keys\.0: there is no file/, argv.join(' '));
  }
});
