import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { buildFourPlatforms, buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { type ServedOrigin, serveOrigin } from '../../../test/fakes/served-origin.ts';
import {
  type ProxiedAnswer,
  type TamperingProxy,
  startTamperingProxy,
} from '../../../test/fakes/tampering-proxy.ts';
import { createProcessLock } from '../../adapters/process/process-lock.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { Step } from '../../trust/verify/step.ts';
import type { Verification } from '../../client/verify-chain.ts';

const root = await mkdtemp(join(tmpdir(), 'signpost-verify-'));
const at = (name: string) => join(root, name);
const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
const image = buildFourPlatforms();
const older = buildList([buildImage({ layers: [{ hello: 'an older image' }] })]);
const newer = buildList([buildImage({ layers: [{ hello: 'a newer image' }] })]);
const shortLife = 3000;
let origin: ServedOrigin;
let proxy: TamperingProxy;
let expired: number;

before(async () => {
  origin = await serveOrigin(root);
  await origin.publish(older, 'fedora/brief:1', `${shortLife / 1000}s`);
  expired = Date.now() + shortLife;
  await origin.publish(older, 'fedora/base:40');
  await origin.publish(image, 'fedora/base:41');
  proxy = await startTamperingProxy(origin.url);
  await writePolicy(
    'policy.yaml',
    `allOf:
  - simple: { keys: ["${vectors}/both.asc"] }
  - cosign: { keys: [cosign.pub] }
  - sigstore: { keys: [cosign.pub] }
  - notation: { roots: [root.pem] }
  - tuf: { root: 1.root.json }
  - notary: { roots: [notary.crt] }`,
  );
});
afterEach(() => {
  proxy.change = undefined;
});
after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

test('an image that is signed in all formats is verified down to its blobs', async () => {
  const { status, out, err } = await verify('fedora/base:41', '--blobs');
  assert.equal(status, 0, err + out);
  assert.match(out, /├─ ok {2}signatures of sha256:/);
  assert.match(out, /│ {2}└─ ok {2}all of: 6 of 6 hold/);
  assert.match(out, /notation signature: signing request 3/);
  assert.match(out, /ok {2}TUF metadata: images\.example\.org\/fedora\/base:41 is sha256:/);
  assert.match(out, /ok {2}snapshot role: version 3, until 20/);
  assert.match(out, /ok {2}targets\/releases role: version 2, until 20/);
  assert.equal(out.match(/manifest linux\//g)?.length, 4);
  assert.ok((out.match(/blob sha256/g)?.length ?? 0) > 4);
});

test('it is verified by digest, and for one platform', async () => {
  assert.equal((await verify(`fedora/base@${image.digest}`)).status, 0);
  const { status, out } = await verify('fedora/base:41', '--platform', 'linux/arm64');
  assert.equal(status, 0);
  assert.equal(out.match(/manifest linux\//g)?.length, 1);
  const none = await verify('fedora/base:41', '--platform', 'windows/amd64');
  assert.equal(none.status, 4);
  assert.match(none.err, /has no windows\/amd64/);
});

test('what was verified is said for the next program, and only when it was', async () => {
  const pinned = `${proxy.host}/fedora/base@${image.digest}`;
  for (const name of ['fedora/base:41', `fedora/base@${image.digest}`]) {
    assert.equal((await verify(name, '--print-reference')).out, `${pinned}\n`);
    const { digest, reference, ok } = JSON.parse((await verify(name, '--json')).out) as Verification;
    assert.deepEqual({ digest, reference, ok }, { digest: image.digest, reference: pinned, ok: true });
  }
  await writePolicy('stranger.yaml', 'cosign: { keys: [other.pub] }');
  const strange = ['fedora/base:41', '--policy', at('stranger.yaml')] as const;
  const bad = await verify(...strange, '--print-reference');
  assert.equal(bad.status, 3);
  assert.equal(bad.out, '');
  const document = JSON.parse((await verify(...strange, '--json')).out) as Verification;
  assert.deepEqual([document.ok, document.digest, document.reference], [false, undefined, undefined]);
});

test('any of and at least hold with what is there', async () => {
  await writePolicy(
    'some.yaml',
    `atLeast: { count: 2, of: [ { simple: { keys: ["${vectors}/both.asc"] } }, { cosign: { keys: [other.pub] } },
      { anyOf: [ { sigstore: { keys: [other.pub] } }, { notation: { roots: [root.pem] } } ] } ] }`,
  );
  const { status, out } = await verify('fedora/base:41', '--policy', at('some.yaml'));
  assert.equal(status, 0, out);
  assert.match(out, /ok {2}at least 2 of: 2 of 3 hold/);
  assert.match(out, /FAILED {2}cosign signature: /);
});

test('a signature that is missing', async () => {
  proxy.change = (path, answer) =>
    path.startsWith('/extensions/') ? { ...answer, body: Buffer.from('{"signatures":[]}') } : undefined;
  await refuses('fedora/base:41', 'missing', /simple signature: there is no signature/);
});

test('a signature that is damaged', async () => {
  proxy.change = (path, answer) => {
    if (!path.startsWith('/extensions/') || answer.body === 'endless') return undefined;
    const list = JSON.parse(Buffer.from(answer.body).toString()) as { signatures: { content: string }[] };
    for (const one of list.signatures) {
      const bytes = Buffer.from(one.content, 'base64');
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 3) ^ 1, bytes.length - 3);
      one.content = bytes.toString('base64');
    }
    return { ...answer, body: Buffer.from(JSON.stringify(list)) };
  };
  await refuses('fedora/base:41', 'forged', /forged or damaged/);
});

test('a signature by a key that the policy does not know', async () => {
  await writePolicy('other.yaml', `simple: { keys: ["${vectors}/other.pgp"] }`);
  await refuses('fedora/base:41', 'unknown-key', /which the policy does not know/, 'other.yaml');
  await writePolicy('other.yaml', 'sigstore: { keys: [other.pub] }');
  await refuses('fedora/base:41', 'unknown-key', /which the policy does not know/, 'other.yaml');
});

test('two keys are demanded, and one has signed', async () => {
  await writePolicy('two.yaml', `simple: { keys: ["${vectors}/both.asc"], threshold: 2 }`);
  await refuses('fedora/base:41', 'threshold', /1 of 2 keys/, 'two.yaml');
});

test('a signature that has expired', async () => {
  await new Promise((resolve) => setTimeout(resolve, Math.max(0, expired - Date.now())));
  await refuses('fedora/brief:1', 'expired', /expired on /);
});

test('a signature that is young enough for a policy with a maximum age', async () => {
  const policy = (await readFile(at('policy.yaml'), 'utf8')).replace(
    '    require:',
    '    maximumAge: 400d\n    require:',
  );
  await writeFile(at('age.yaml'), policy);
  assert.equal((await verify('fedora/base:41', '--policy', at('age.yaml'))).status, 0);
});

test('a tag that was moved to an older signed image', async () => {
  await (await fetch(`http://${proxy.host}/v2/fedora/base/manifests/40`)).arrayBuffer();
  const lie = proxy.answers.get('/v2/fedora/base/manifests/40');
  proxy.change = (path) => (path === '/v2/fedora/base/manifests/41' ? lie : undefined);
  await refuses(
    'fedora/base:41',
    'wrong-reference',
    /for another name: for \\"images\.example\.org\/fedora\/base:40\\", not for \\"images\.example\.org\/fedora\/base:41\\"/,
  );
});

test('a list that names a foreign manifest', async () => {
  const foreign = buildList([...image.images, ...newer.images]);
  proxy.change = (path) =>
    path === '/v2/fedora/base/manifests/41'
      ? { status: 200, headers: { 'content-type': foreign.mediaType }, body: foreign.manifest }
      : undefined;
  await refuses('fedora/base:41', 'missing', /there is no signature/);
});

test('a signed list whose manifest is not there, or is another', async () => {
  const [first] = image.images;
  const target = `/v2/fedora/base/manifests/${first?.digest ?? ''}`;
  proxy.change = (path, answer) =>
    path === target ? { ...answer, status: 404, body: Buffer.from('{}') } : undefined;
  await refuses('fedora/base:41', 'missing-manifest', /the registry does not have it/);
  const other = newer.images[0]?.manifest ?? Buffer.alloc(0);
  proxy.change = (path, answer) => (path === target ? { ...answer, headers: {}, body: other } : undefined);
  await refuses('fedora/base:41', 'wrong-bytes', /does not have digest/);
});

test('a blob with other bytes', async () => {
  proxy.change = (path, answer) => {
    if (!path.startsWith('/v2/fedora/base/blobs/') || answer.body === 'endless') return undefined;
    const body = Buffer.from(answer.body);
    // Signatures are blobs too, and come first: those have to be right here.
    if (body.includes('signature') || body.includes('critical') || body.includes('payload')) return undefined;
    if (body.length > 0) body.writeUInt8(body.readUInt8(0) ^ 1, 0);
    return { ...answer, body };
  };
  await refuses('fedora/base:41', 'wrong-bytes', /blob sha256/, 'policy.yaml', '--blobs');
});

test('endless data in place of the list, the signatures and a referrer', async () => {
  const endless: ProxiedAnswer = { status: 200, headers: {}, body: 'endless' };
  proxy.change = (path) => (path === '/v2/fedora/base/manifests/41' ? endless : undefined);
  await refuses('fedora/base:41', 'wrong-bytes', /more than 4194304 bytes/);
  proxy.change = (path) => (path.startsWith('/extensions/') ? endless : undefined);
  await refuses('fedora/base:41', 'forged', /more than 4194304 bytes/);
  proxy.change = (path) => (path.includes('/referrers/') ? endless : undefined);
  await refuses('fedora/base:41', 'forged', /more than 4194304 bytes/);
});

test('referrers are read page by page, and not for ever', async () => {
  const page = (path: string, next: string): ProxiedAnswer => ({
    status: 200,
    headers: {
      'content-type': 'application/vnd.oci.image.index.v1+json',
      link: `<${path}&page=${next}>; rel="next"`,
    },
    body: Buffer.from('{"schemaVersion":2,"manifests":[]}'),
  });
  proxy.change = (path) =>
    path.includes('/referrers/') && !path.includes('page=') ? page(path, 'two') : undefined;
  const { status, err } = await verify('fedora/base:41');
  assert.equal(status, 0, err);
  let pages = 0;
  proxy.change = (path) => (path.includes('/referrers/') ? page(path, `${(pages += 1)}`) : undefined);
  await refuses('fedora/base:41', 'forged', /more than 64 pages/);
});

test('a state that was seen before and is held back is a rollback', async () => {
  await origin.publish(older, 'fedora/roll:1');
  const state = ['--state', at('seen.json')];
  assert.equal((await verify('fedora/roll:1', ...state)).status, 0);
  const held = new Map(proxy.answers);
  await origin.publish(newer, 'fedora/roll:1');
  assert.equal((await verify('fedora/roll:1', ...state)).status, 0);
  proxy.change = (path) => held.get(path);
  await refuses(
    'fedora/roll:1',
    'rollback',
    /request \d+ was seen before: this is an older state/,
    'policy.yaml',
    ...state,
  );
  // Nobody who has not seen the newer state can know.
  assert.equal((await verify('fedora/roll:1')).status, 0);
  proxy.change = undefined;
  assert.equal((await verify('fedora/roll:1', ...state)).status, 0);
  await writeFile(at('seen.json'), '{"format":');
  const damaged = await verify('fedora/roll:1', ...state);
  assert.equal(damaged.status, 1);
  assert.match(damaged.err, /does not hold what was verified before/);
});

test('two at once with one state are refused, since the slower would forget what the other has seen', async () => {
  const state = at('shared.json');
  const held = await createProcessLock(`${state}.metadata`, 'test', createSystemClock()).acquire('state');
  const second = await verify('fedora/base:41', '--state', state);
  assert.equal(second.status, 5, second.err);
  assert.match(second.err, /another process works on the same data/);
  await held[Symbol.asyncDispose]();
  assert.equal((await verify('fedora/base:41', '--state', state)).status, 0);
});

for (const [format, trusted, timestamp] of [
  ['tuf', '{ root: 1.root.json }', '/tuf/timestamp.json'],
  ['notary', '{ roots: [notary.crt] }', '/v2/images.example.org/fedora/held/_trust/tuf/timestamp.json'],
] as const) {
  test(`${format} metadata that is missing, forged, endless, of another key or held back`, async () => {
    const policy = `only-${format}.yaml`;
    await writePolicy(policy, `${format}: ${trusted}`);
    const target = 'fedora/held:1';
    const state = ['--state', at(`seen-${format}.json`)];
    const changes = (change: (answer: ProxiedAnswer) => ProxiedAnswer) => {
      proxy.change = (path, answer) => (path === timestamp ? change(answer) : undefined);
    };
    await origin.publish(older, target);
    proxy.answers.clear();
    assert.equal((await verify(target, '--policy', at(policy), ...state)).status, 0);
    const held = new Map(proxy.answers);
    await origin.publish(newer, target);
    const good = await verify(target, '--policy', at(policy), ...state);
    assert.equal(good.status, 0, good.err);
    changes((answer) => ({ ...answer, status: 404 }));
    await refuses(target, 'missing', /the registry has no /, policy);
    changes((answer) => ({ ...answer, body: 'endless' }));
    await refuses(target, 'forged', /has more than \d+ bytes/, policy);
    changes((answer) => {
      const text = Buffer.from(answer.body as Uint8Array).toString();
      return { ...answer, body: Buffer.from(text.replace('"expires":"20', '"expires":"21')) };
    });
    await refuses(target, 'forged', /signed by 0 of the keys/, policy);
    proxy.change = (path) => held.get(path);
    await refuses(target, 'rollback', /is version \d+, but version \d+ was there before/, policy, ...state);
    // Nobody who has not seen the newer state can know.
    assert.equal((await verify(target, '--policy', at(policy))).status, 0);
  });
}

test('a TUF root that is none is the fault of the policy', async () => {
  await writePolicy('no-root.yaml', 'tuf: { root: tuf.yaml }');
  const { status, err } = await verify('fedora/base:41', '--policy', at('no-root.yaml'));
  assert.equal(status, 2);
  assert.match(err, /tuf\.yaml is no TUF root: /);
});

test('an image that is not there, and a policy that says nothing of it', async () => {
  assert.equal((await verify('fedora/base:99')).status, 4);
  await writeFile(
    at('elsewhere.yaml'),
    'rules: [{ match: ["other.example/**"], require: { simple: { keys: [a] } } }]',
  );
  const none = await verify('fedora/base:41', '--policy', at('elsewhere.yaml'));
  assert.equal(none.status, 3);
  assert.match(none.err, /has no rule for /);
});

test('a policy that is wrong is refused with its path, value and what was expected', async () => {
  const wrong: readonly [string, RegExp][] = [
    ['rules: []', /rules: "\[\]"/],
    ['rules: [{ match: ["a"], require: { pgp: {} } }]', /rules\.0\.require: unknown setting "pgp"/],
    ['rules: [{ match: ["a"], require: {} }]', /rules\.0\.require: "\{\}": expected one of "simple"/],
    [
      'rules: [{ match: ["a"], maximumAge: 3x, require: { simple: { keys: [k] } } }]',
      /maximumAge: "3x": expected a time/,
    ],
    [
      'rules: [{ match: ["a"], require: { atLeast: { count: 2, of: [{ simple: { keys: [k] } }] } } }]',
      /atLeast: .*expected a count of at most/,
    ],
    [
      'rules: [{ match: ["a"], require: { simple: { keys: [k] }, cosign: { keys: [k] } } }]',
      /expected one of/,
    ],
  ];
  for (const [text, message] of wrong) {
    await writeFile(at('wrong.yaml'), text);
    const { status, err } = await verify('fedora/base:41', '--policy', at('wrong.yaml'));
    assert.equal(status, 2, `${text}: ${err}`);
    assert.match(err, message);
  }
});

test('key files that are missing, unreadable or too few are faults of the policy, in every rule of it', async () => {
  await writeFile(at('empty.asc'), '');
  const wrong: readonly [string, RegExp][] = [
    ['simple: { keys: [none.asc] }', /wrong\.yaml: there is no file .*none\.asc/],
    ['simple: { keys: ["."] }', /wrong\.yaml: cannot read/],
    ['simple: { keys: [empty.asc] }', /empty\.asc.* holds no OpenPGP public keys/],
    ['cosign: { keys: [none.pub] }', /there is no file .*none\.pub/],
    ['cosign: { keys: [cosign.pub, cosign.pub], threshold: 2 }', /by 2 different keys, and its files hold 1/],
    [`simple: { keys: ["${vectors}/both.asc"], threshold: 3 }`, /by 3 different keys, and its files hold 2/],
    ['notation: { roots: [root.pem], threshold: 2 }', /by 2 different root certificates, .* hold 1/],
    ['notation: { roots: [none.pem] }', /there is no file .*none\.pem/],
    ['tuf: { root: none.json }', /there is no file .*none\.json/],
    ['notary: { roots: [none.crt] }', /there is no file .*none\.crt/],
    ['anyOf: [{ cosign: { keys: [cosign.pub] } }, { sigstore: { keys: [none.pub] } }]', /none\.pub/],
  ];
  const good = (await readFile(at('policy.yaml'), 'utf8')).replace('rules:\n', '');
  for (const [requirement, message] of wrong) {
    await writePolicy('wrong.yaml', requirement);
    const own = await readFile(at('wrong.yaml'), 'utf8');
    // The rule is for the image, and then for others alone.
    for (const text of [own, `${own.replace('127.0.0.1:*', 'elsewhere.example.org')}${good}`]) {
      await writeFile(at('wrong.yaml'), text);
      const { status, err } = await verify('fedora/base:41', '--policy', at('wrong.yaml'));
      assert.equal(status, 2, `${requirement}: ${err}`);
      assert.match(err, message);
    }
  }
  const missing = await verify('fedora/base:41', '--policy', at('none.yaml'));
  assert.equal(missing.status, 2);
  assert.match(missing.err, /there is no file .*none\.yaml/);
});

async function writePolicy(name: string, requirement: string): Promise<void> {
  await writeFile(
    at(name),
    `rules:
  - match: ["127.0.0.1:*/fedora/*"]
    remap: { prefix: "${proxy.host}", signedPrefix: ${origin.registry} }
    require:
      ${requirement.replaceAll('\n', '\n      ')}
`,
  );
}

function verify(target: string, ...options: readonly string[]) {
  const policy = options.includes('--policy') ? [] : ['--policy', at('policy.yaml')];
  return runCommand('verify', `${proxy.host}/${target}`, '--source-plain-http', ...policy, ...options);
}

async function refuses(
  target: string,
  reason: string,
  message: RegExp,
  policy = 'policy.yaml',
  ...options: readonly string[]
): Promise<void> {
  const { status, out, err } = await verify(target, '--json', '--policy', at(policy), ...options);
  assert.equal(status, 3, out + err);
  const step = JSON.parse(out) as Step;
  assert.equal(step.ok, false);
  assert.equal(step.reason, reason, out);
  assert.match(err, message);
}
