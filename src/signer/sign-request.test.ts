import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeRequest } from '../../test/fakes/changed-request.ts';
import { buildFourPlatforms, buildImage, buildList } from '../../test/fakes/image-builder.ts';
import { createMemoryNewFile } from '../../test/fakes/memory-new-file.ts';
import { createMemorySignerRecord } from '../../test/fakes/memory-signer-record.ts';
import { createSigningWorld, createTestSigners, signText } from '../../test/fakes/signing-world.ts';
import { vectorClock } from '../../test/fakes/vectors.ts';
import { createSignatureReader } from '../adapters/openpgp/signature-reader.ts';
import { parseSimpleSigning } from '../trust/simple-signing.ts';
import type { SigningPlan } from './plan-signing.ts';

const { rsa, ed25519 } = await createTestSigners();
const four = buildFourPlatforms();
const other = buildList([buildImage({ platform: 'linux/arm64', layers: [{ other: 'content' }] })]);

async function requestFor(images: Record<string, typeof four>): Promise<string> {
  const world = await createSigningWorld();
  for (const [reference, list] of Object.entries(images)) await world.stage(reference, list);
  return world.request();
}
const request = await requestFor({ 'fedora/base:41': four, 'fedora/base:latest': four });

interface Line {
  tag: string;
  list: string;
  signatures: { digest: string; signature: string }[];
}
const linesIn = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

test('list and every manifest are signed, for every tag, with the serial and an expiry', async () => {
  const [, ...images] = linesIn(await signText(request, ed25519)).slice(0, -1);
  const reader = await createSignatureReader([{ name: 'own', bytes: ed25519.publicKey }]);
  assert.deepEqual(
    images.map(({ tag }) => tag),
    ['41', 'latest'],
  );
  for (const { tag, list, signatures } of images) {
    assert.equal(list, four.digest);
    assert.deepEqual(
      signatures.map(({ digest }) => digest),
      [four.digest, ...four.images.map(({ digest }) => digest)],
    );
    for (const { digest, signature } of signatures) {
      const evidence = reader.read(Buffer.from(signature, 'base64'), vectorClock.now());
      assert.ok(evidence.kind === 'signed');
      assert.equal(evidence.expires, vectorClock.now() + 90 * 86_400_000);
      const { timestamp, ...content } = parseSimpleSigning(evidence.payload);
      assert.equal(timestamp * 1000, vectorClock.now());
      const reference = `images.example.org/fedora/base:${tag}`;
      assert.deepEqual(content, { reference, digest, creator: 'signpost test', serial: 1 });
    }
  }
});

test("the review shows what changes against the signer's own record", async () => {
  const record = createMemorySignerRecord();
  await signText(request, ed25519, { record });
  const world = await createSigningWorld();
  await world.stage('fedora/base:41', four);
  await world.stage('fedora/base:latest', other);
  await world.stage('fedora/base:new', other);
  await world.request();
  const plans: SigningPlan[] = [];
  const review = (plan: SigningPlan) => Promise.resolve(plans.push(plan) > 0);
  await signText(await world.request(), ed25519, { record, review });
  assert.deepEqual(
    plans[0]?.images.map(({ reference, change, previous }) => [reference, change, previous?.list]),
    [
      ['images.example.org/fedora/base:41', 'same', four.digest],
      ['images.example.org/fedora/base:latest', 'changed', four.digest],
      ['images.example.org/fedora/base:new', 'new', undefined],
    ],
  );
  assert.deepEqual(plans[0]?.images[0]?.platforms, [
    'linux/amd64',
    'linux/arm64/v8',
    'linux/ppc64le',
    'linux/s390x',
  ]);
});

test('a request that is no newer than the record is refused, unless told otherwise', async () => {
  const record = createMemorySignerRecord();
  await signText(request, ed25519, { record });
  await assert.rejects(signText(request, ed25519, { record }), {
    code: 'ROLLBACK',
    message: /request 1 is not newer than request 1, .* images\.example\.org\/fedora\/base/,
  });
  assert.notEqual(await signText(request, ed25519, { record, allowRollback: true }), '');
});

test('the record knows of a bundle before it is released', async () => {
  const record = createMemorySignerRecord();
  const file = createMemoryNewFile();
  const createBundle = () =>
    Promise.resolve({
      ...file,
      release: async () => {
        assert.equal(record.highestSerial('images.example.org/fedora/base'), 1);
        throw new Error('the disk is full');
      },
    });
  await assert.rejects(signText(request, ed25519, { record, createBundle }), /the disk is full/);
  assert.equal(file.discarded, true);
  assert.equal(record.find('images.example.org/fedora/base:41')?.list, four.digest);
});

test('without consent, and when stopped, nothing is signed and the record stays as it was', async () => {
  const record = createMemorySignerRecord();
  const file = createMemoryNewFile();
  const createBundle = () => Promise.resolve(file);
  const review = () => Promise.resolve(false);
  await assert.rejects(signText(request, ed25519, { record, review, createBundle }), { code: 'CANCELLED' });
  const signal = AbortSignal.abort();
  await assert.rejects(signText(request, ed25519, { record, signal, createBundle }), { code: 'CANCELLED' });
  assert.equal(file.text, undefined);
  assert.equal(record.highestSerial('images.example.org/fedora/base'), 0);
});

test('a signer that signs badly is found out before anything leaves', async () => {
  const file = createMemoryNewFile();
  const createBundle = () => Promise.resolve(file);
  const broken = {
    'another key': { ...ed25519, sign: (...given: Parameters<typeof rsa.sign>) => rsa.sign(...given) },
    'another payload': {
      ...ed25519,
      sign: (_: Uint8Array, from: number, to: number) => ed25519.sign(Buffer.from('{}'), from, to),
    },
    'another life': {
      ...ed25519,
      sign: (bytes: Uint8Array, from: number, to: number) => ed25519.sign(bytes, from, to + 120_000),
    },
    'no signature': { ...ed25519, sign: () => Promise.resolve(Buffer.from('nothing')) },
  };
  for (const [name, signer] of Object.entries(broken)) {
    await assert.rejects(signText(request, signer, { createBundle }), { code: 'TRUST' }, name);
  }
  assert.equal(file.text, undefined);
});

test('an image is refused when its list and its manifests do not fit together', async () => {
  const image = buildImage();
  const manifest = (bytes: Uint8Array, mediaType: string) => ({ bytes, mediaType });
  const list = (built: typeof four) => manifest(built.manifest, built.mediaType);
  const own = four.images.map((built) => manifest(built.manifest, built.mediaType));
  const nested = buildList([buildList([image])]);
  const tell = (change: object) => ({ ...image, descriptor: { ...image.descriptor, ...change } });
  const { inspectImage } = await import('./inspect-image.ts');
  const inspect = (given: ReturnType<typeof list>, manifests: readonly (typeof own)[number][]) =>
    inspectImage({ repository: 'a' as never, tag: 'b' as never, list: given, manifests });
  const single = [manifest(image.manifest, image.mediaType)];

  assert.equal(inspect(list(four), own).manifests.length, 4);
  for (const [given, manifests, message] of [
    [list(four), own.slice(1), /named by the list but not in the request/],
    [list(four), [...own, ...single], /which the list does not name/],
    [list(four), [...own, ...own.slice(0, 1)], /holds a manifest twice/],
    [list(buildList([tell({ size: 1 })])), single, /bytes: the list says 1/],
    [
      list(buildList([tell({ mediaType: 'application/vnd.docker.distribution.manifest.v2+json' })])),
      single,
      /came as/,
    ],
    [
      list(nested),
      [manifest(nested.images[0]?.manifest ?? Buffer.alloc(0), four.mediaType)],
      /itself a list/,
    ],
    [list(buildList([])), [], /names no manifests/],
    [single[0] ?? list(four), [], /only inside a manifest list/],
    [manifest(Buffer.from('{"schemaVersion":1}'), four.mediaType), [], /schema 1/],
    [manifest(Buffer.from('not JSON'), four.mediaType), [], /not JSON/],
  ] as const) {
    assert.throws(() => inspect(given, manifests), { code: 'MANIFEST_INVALID', message }, String(message));
  }
});

test('a platform cannot draw on the terminal of the person who decides', async () => {
  const image = buildImage({ platform: { os: 'linux\u001b[2J', architecture: 'x'.repeat(500) } });
  const plans: SigningPlan[] = [];
  const review = (plan: SigningPlan) => Promise.resolve(plans.push(plan) > 0);
  await signText(await requestFor({ 'fedora/base:41': buildList([image]) }), ed25519, { review });
  const [platform = ''] = plans[0]?.images[0]?.platforms ?? [];
  assert.match(platform, /^"linux\\u001b\[2J"\/"x{80}…"$/);
});

test('an edited, an empty and a doubled request are refused', async () => {
  const sign = (text: string) => signText(text, ed25519);
  await assert.rejects(sign(request.replace('"tag":"41"', '"tag":"42"')), { code: 'REQUEST_INVALID' });
  await assert.rejects(sign(''), { code: 'REQUEST_INVALID' });
  const { createRequestFormatter } = await import('../trust/hand-off/signing-request.ts');
  const [header] = request.split('\n');
  const formatter = createRequestFormatter();
  const empty = formatter.header(JSON.parse(header ?? '') as never) + formatter.end();
  await assert.rejects(sign(empty), { code: 'REQUEST_INVALID', message: /holds no images/ });
  await assert.rejects(sign(request.slice(0, -1)), { code: 'REQUEST_INVALID', message: /not whole/ });
});

test('a serial that nobody could come to after the last one is not signed', async () => {
  const record = createMemorySignerRecord();
  await signText(request, ed25519, { record });
  for (const serial of [Number.MAX_SAFE_INTEGER, 1_000_002]) {
    await assert.rejects(
      signText(await changeRequest(request, { serial }), ed25519, { record, allowRollback: true }),
      { code: 'TRUST', message: new RegExp(`request ${serial} is more than 1000000 above request 1,`) },
    );
  }
  await signText(await changeRequest(request, { serial: 1_000_001 }), ed25519, { record });
});

test('a request of another time than the clock says is shown to whoever decides', async () => {
  const seen: (readonly string[])[] = [];
  const review = (_plan: SigningPlan, doubts: readonly string[]) => Promise.resolve(seen.push(doubts) > 0);
  const at = (days: number) => ({ now: () => vectorClock.now() + days * 86_400_000 });
  for (const days of [0, -20, 20]) await signText(request, ed25519, { review, clock: at(days) });
  assert.deepEqual(seen[0], []);
  assert.match(seen[1]?.join() ?? '', /which is in the future/);
  assert.match(seen[2]?.join() ?? '', /kept the request back/);
});
