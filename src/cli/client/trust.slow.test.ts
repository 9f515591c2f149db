import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { type ServedOrigin, serveOrigin } from '../../../test/fakes/served-origin.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-trust-'));
const at = (...parts: readonly string[]) => join(root, ...parts);
const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
let origin: ServedOrigin;

before(async () => {
  origin = await serveOrigin(root);
  await origin.publish(buildFourPlatforms(), 'fedora/base:41');
});
after(async () => {
  await origin[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

test('every client gets its files, and is told where they go', async () => {
  const { status, out, err } = await runCommand('trust', 'export', at('clients'), '--config', origin.config);
  assert.equal(status, 0, err);
  assert.match(out, /\/policy\.json\n  for .*: goes to \/etc\/containers\/policy\.json \(merge/);
  assert.match(out, /goes to ~\/\.config\/notation\/trustpolicy\.json/);
  assert.match(out, /Note: docker and nerdctl verify none of these/);
  const policy = JSON.parse(await readFile(at('clients/containers/policy.json'), 'utf8')) as {
    transports: { docker: Record<string, { keyPath: string }[]> };
  };
  assert.equal(
    policy.transports.docker['images.example.org']?.[0]?.keyPath,
    '/etc/pki/containers/signpost-1.gpg',
  );
  assert.equal(
    await readFile(at('clients/cosign/signpost-1-1.pub'), 'utf8'),
    await readFile(at('cosign.pub'), 'utf8'),
  );
  const notation = await readFile(at('clients/notation/trustpolicy.json'), 'utf8');
  assert.match(notation, /"trustStores": \[\s*"ca:signpost-1"/);
  assert.equal(
    await readFile(at('clients/notation/truststore/x509/ca/signpost-1/1.pem'), 'utf8'),
    await readFile(at('root.pem'), 'utf8'),
  );
});

test('clients of TUF and Notary v1 get a root, set-up and the authority of the registry', async () => {
  const run = (folder: string, ...more: readonly string[]) =>
    runCommand('trust', 'export', at(folder), '--config', origin.config, ...more);
  const { status, out, err } = await run('metadata', '--ca', at('root.pem'));
  assert.equal(status, 0, err);
  assert.match(out, /goes to ~\/\.notary\/config\.json/);
  assert.match(out, /goes to ~\/\.docker\/tls\/images\.example\.org\/ca\.crt/);
  assert.match(out, /Note: docker takes the first root that it sees/);
  const same = async (exported: string, file: string) =>
    assert.deepEqual(await readFile(at('metadata', exported)), await readFile(file));
  await same('tuf/root.json', at('1.root.json'));
  await same('notary/registry-ca.crt', at('root.pem'));
  const collection = 'images.example.org/fedora/base';
  await same(
    `docker/trust/tuf/${collection}/metadata/root.json`,
    at('data/tree/v2', collection, '_trust/tuf/root.json'),
  );
  const config = JSON.parse(await readFile(at('metadata/notary/config.json'), 'utf8')) as {
    trust_pinning: { disable_tofu: boolean; certs: Record<string, string[]> };
  };
  assert.equal(config.trust_pinning.disable_tofu, true);
  assert.match(config.trust_pinning.certs['images.example.org/*']?.[0] ?? '', /^[0-9a-f]{64}$/);
  const plain = await run('plain');
  assert.doesNotMatch(plain.out, /ca\.crt/);
  assert.equal((await run('wrong', '--ca', at('cosign.pub'))).status, 2);
});

const missing =
  spawnSync('skopeo', ['--version']).status === 0 ? false : 'skopeo is missing (Debian package skopeo)';

test('skopeo verifies with the exported policy and key', { skip: missing }, async () => {
  assert.equal((await runCommand('trust', 'export', at('clients'), '--config', origin.config)).status, 0);
  const { host } = new URL(origin.url);
  const exported = await readFile(at('clients/containers/policy.json'), 'utf8');
  // The server of this test has another name than what it signs.
  const identity = JSON.stringify({ type: 'remapIdentity', prefix: host, signedPrefix: origin.registry });
  const here = exported
    .replaceAll('/etc/pki/containers', at('clients/containers/keys'))
    .replaceAll(origin.registry, host)
    .replace(/"signedIdentity": \{[^}]*\}/, `"signedIdentity": ${identity}`);
  await writeFile(at('policy.json'), here);
  const copy = () =>
    spawnSync(
      'skopeo',
      [
        '--policy',
        at('policy.json'),
        '--registries.d',
        at('none'),
        'copy',
        '--all',
        '--src-tls-verify=false',
      ].concat(['--remove-signatures', `docker://${host}/fedora/base:41`, `dir:${at('copied')}`]),
      { encoding: 'utf8', timeout: 20_000 },
    );
  const good = copy();
  assert.equal(good.status, 0, good.stderr);
  await writeFile(at('clients/containers/keys/signpost-1.gpg'), await readFile(join(vectors, 'other.pgp')));
  const bad = copy();
  assert.notEqual(bad.status, 0);
  assert.match(bad.stderr, /Invalid GPG signature|not accepted|public key/i);
});

test('nothing is exported from a configuration that is wrong', async () => {
  const wrong: readonly [string, RegExp][] = [
    ['{}', /no repositories/],
    [`repositories: [{ match: "*", keys: ["${join(vectors, 'ed25519.secret.pgp')}"] }]`, /private key/],
    ['repositories: [{ match: "*", formats: [cosign], cosignKeys: ["cosign.pem"] }]', /PRIVATE KEY/],
  ];
  for (const [text, message] of wrong) {
    await writeFile(at('wrong.yaml'), text);
    const { status, err } = await runCommand('trust', 'export', at('wrong'), '--config', at('wrong.yaml'));
    assert.equal(status, 2, text);
    assert.match(err, message);
  }
});
