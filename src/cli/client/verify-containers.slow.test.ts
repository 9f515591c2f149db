import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { type ServedOrigin, serveOrigin } from '../../../test/fakes/served-origin.ts';
import { startTamperingProxy } from '../../../test/fakes/tampering-proxy.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-policy-'));
const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
const policyFile = join(root, 'policy.json');
const image = buildFourPlatforms();
let origin: ServedOrigin;
let host: string;

before(async () => {
  origin = await serveOrigin(root);
  host = new URL(origin.url).host;
  await origin.publish(image, 'fedora/base:41');
  await mkdir(join(root, 'registries.d'));
});
after(async () => {
  await origin[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

const key = join(vectors, 'both.asc');
const by = { type: 'signedBy', keyType: 'GPGKeys', keyPath: key };
const identities = () => {
  const remap = { type: 'remapIdentity', prefix: host, signedPrefix: origin.registry };
  const name = `${origin.registry}/fedora/base`;
  const reject = [{ type: 'reject' }];
  const accept = [{ type: 'insecureAcceptAnything' }];
  const docker = (scope: string, requirements: unknown, otherwise: unknown = reject) => ({
    default: otherwise,
    transports: { docker: { [scope]: requirements } },
  });
  const remapped = [{ ...by, signedIdentity: remap }];
  const cases: readonly [string, unknown, string, boolean][] = [
    ['accept', { default: accept }, ':41', true],
    ['reject', { default: reject }, ':41', false],
    ['remapped', { default: remapped }, ':41', true],
    ['remapped, by digest', { default: remapped }, `@${image.digest}`, true],
    ['under the name it is pulled by', { default: [by] }, ':41', false],
    [
      'exact reference',
      { default: [{ ...by, signedIdentity: { type: 'exactReference', dockerReference: `${name}:41` } }] },
      ':41',
      true,
    ],
    [
      'other reference',
      { default: [{ ...by, signedIdentity: { type: 'exactReference', dockerReference: `${name}:40` } }] },
      ':41',
      false,
    ],
    [
      'exact repository',
      { default: [{ ...by, signedIdentity: { type: 'exactRepository', dockerRepository: name } }] },
      ':41',
      true,
    ],
    [
      'other repository',
      { default: [{ ...by, signedIdentity: { type: 'exactRepository', dockerRepository: `${name}2` } }] },
      ':41',
      false,
    ],
    ['match exact', { default: [{ ...by, signedIdentity: { type: 'matchExact' } }] }, ':41', false],
    ['match repository', { default: [{ ...by, signedIdentity: { type: 'matchRepository' } }] }, ':41', false],
    ['other key', { default: [{ ...remapped[0], keyPath: join(vectors, 'other.pgp') }] }, ':41', false],
    ['both of two', { default: [...remapped, ...reject] }, ':41', false],
    ['accept is no veto', { default: [...accept, ...remapped] }, ':41', true],
    ['host scope', docker(host, remapped), ':41', true],
    ['namespace scope', docker(`${host}/fedora`, remapped), ':41', true],
    ['tag scope', docker(`${host}/fedora/base:41`, remapped), ':41', true],
    ['other tag scope', docker(`${host}/fedora/base:40`, remapped), ':41', false],
    ['transport default', docker('', remapped), ':41', true],
    ['half a namespace', docker(`${host}/fed`, remapped), ':41', false],
  ];
  return cases;
};

const missing =
  spawnSync('skopeo', ['--version']).status === 0 ? false : 'skopeo is missing (Debian package skopeo)';

test('a policy.json is judged as skopeo judges it', { skip: missing }, async () => {
  for (const [name, policy, reference, accepted] of identities()) {
    await writeFile(policyFile, JSON.stringify(policy));
    const ours = await verify(reference);
    const theirs = await skopeo(reference);
    assert.equal(theirs.status === 0, accepted, `skopeo: ${name}\n${theirs.stderr}`);
    assert.equal(ours.status, accepted ? 0 : 3, `signpost: ${name}\n${ours.err}${ours.out}`);
  }
});

test(
  'signatures that are compressed, as skopeo makes them, count as they do for skopeo',
  { skip: missing },
  async () => {
    await using proxy = await startTamperingProxy(origin.url);
    const compress = (content: string) =>
      // RFC 9580, sections 4.2.2.4 and 5.6: an old header without a length, then ZIP.
      Buffer.concat([Buffer.from([0xa3, 1]), deflateRawSync(Buffer.from(content, 'base64'))]).toString(
        'base64',
      );
    let compressed = 0;
    proxy.change = (path, answer) => {
      if (!path.startsWith('/extensions/') || answer.body === 'endless') return undefined;
      const list = JSON.parse(Buffer.from(answer.body).toString()) as { signatures: { content: string }[] };
      for (const one of list.signatures) {
        one.content = compress(one.content);
        compressed += 1;
      }
      return { ...answer, body: Buffer.from(JSON.stringify(list)) };
    };
    const identity = { type: 'remapIdentity', prefix: proxy.host, signedPrefix: origin.registry };
    for (const [keyPath, accepted] of [
      [key, true],
      [join(vectors, 'other.pgp'), false],
    ] as const) {
      await writeFile(
        policyFile,
        JSON.stringify({ default: [{ ...by, keyPath, signedIdentity: identity }] }),
      );
      const theirs = await skopeo(':41', proxy.host);
      assert.equal(theirs.status === 0, accepted, theirs.stderr);
      const ours = await verify(':41', proxy.host);
      assert.equal(ours.status, accepted ? 0 : 3, ours.err + ours.out);
    }
    assert.ok(compressed > 4);
  },
);

test('keys may be in the policy itself, or in several files', async () => {
  const remap = { type: 'remapIdentity', prefix: host, signedPrefix: origin.registry };
  const { keyPath: _path, ...rest } = { ...by, signedIdentity: remap };
  const keyData = (await readFile(join(vectors, 'both.pgp'))).toString('base64');
  for (const keys of [{ keyData }, { keyPaths: [join(vectors, 'other.pgp'), key] }]) {
    await writeFile(policyFile, JSON.stringify({ default: [{ ...rest, ...keys }] }));
    const { status, err } = await verify(':41');
    assert.equal(status, 0, err);
  }
});

test('a wrong policy.json is a wrong setting, and state needs serials', async () => {
  await writeFile(policyFile, '{"default":[{"type":"maybe"}]}');
  const wrong = await verify(':41');
  assert.equal(wrong.status, 2);
  assert.match(wrong.err, /default\[0\] type is "maybe"/);
  await writeFile(policyFile, '{"default":[{"type":"insecureAcceptAnything"}]}');
  assert.equal((await verify(':41', host, '--state', join(root, 'seen.json'))).status, 2);
});

function verify(reference: string, from = host, ...options: readonly string[]) {
  const name = `${from}/fedora/base${reference}`;
  return runCommand('verify', name, '--source-plain-http', '--policy', policyFile, ...options);
}

async function skopeo(reference: string, from = host) {
  const target = `dir:${join(root, 'copied')}`;
  const settings = ['--policy', policyFile, '--registries.d', join(root, 'registries.d')];
  const copy = ['copy', '--all', '--src-tls-verify=false', '--remove-signatures'];
  const child = spawn('skopeo', [...settings, ...copy, `docker://${from}/fedora/base${reference}`, target], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 20_000,
  });
  // Its registry may be in this process: nothing waits for it but here.
  const [stderr, [status]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  return { status: status as number | null, stderr };
}
