import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enums, readPrivateKey, revokeKey } from 'openpgp';
import { rowsOf } from '../../../test/fakes/rows-of.ts';
import { changeRequest } from '../../../test/fakes/changed-request.ts';
import { buildFourPlatforms, buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { linesOf } from '../../../test/fakes/memory-new-file.ts';
import {
  type SigningWorld,
  createRule,
  createSigningWorld,
  createTestSigners,
  signText,
} from '../../../test/fakes/signing-world.ts';
import { vectorClock, vectorFile } from '../../../test/fakes/vectors.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { digestOf } from '../../oci/digest.ts';
import { parseRegistryHost, parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import {
  type BundleHeader,
  type SignedImage,
  createBundleFormatter,
  createBundleParser,
} from '../../trust/hand-off/signature-bundle.ts';
import { formatSimpleSigning, parseSimpleSigning } from '../../trust/simple-signing.ts';
import { acceptBundle } from './accept-bundle.ts';
import { describeImageRefusal } from './image-refusal.ts';

const day = 86_400_000;
const { rsa, ed25519 } = await createTestSigners();
const four = buildFourPlatforms();
const other = buildList([buildImage({ platform: 'linux/arm64', layers: [{ other: 'content' }] })]);
const base = parseRepositoryName('fedora/base');
const accept = (world: SigningWorld, bundle: string) =>
  acceptBundle(world.deps, linesOf(bundle), world.clock.now());

async function staged(images: Record<string, typeof four> = { 'fedora/base:41': four }) {
  const world = await createSigningWorld();
  for (const [reference, list] of Object.entries(images)) await world.stage(reference, list);
  return world;
}

/** A bundle with other contents: sealed anew, as somebody who tampers would. */
async function reseal(
  bundle: string,
  change: (image: SignedImage, header: BundleHeader) => SignedImage,
  header: (header: BundleHeader) => BundleHeader = (same) => same,
): Promise<string> {
  const parser = createBundleParser();
  const formatter = createBundleFormatter();
  let text = '';
  let read: BundleHeader | undefined;
  for await (const bytes of linesOf(bundle)) {
    const line = parser.line(bytes);
    if (line.kind === 'header') text += formatter.header(header((read = line.header)));
    if (line.kind === 'image' && read !== undefined) text += formatter.image(change(line.image, read));
  }
  return text + formatter.end();
}

/** Everything that must not change when a bundle is refused. */
async function visible({ publications, content, tree }: SigningWorld) {
  return {
    serial: await publications.serials(),
    tags: await rowsOf(content.tags()),
    files: [...tree.manifests.keys(), ...tree.blobs.keys(), ...tree.signatures.keys()],
  };
}

async function assertRefused(world: SigningWorld, bundle: string, expected: object, noted: boolean) {
  const before = await visible(world);
  const result = await accept(world, bundle);
  assert.equal(result.serial, undefined);
  assert.deepEqual(result.published, []);
  const [refused] = result.refused;
  assert.ok(refused !== undefined);
  assert.partialDeepStrictEqual(refused.reason, expected);
  assert.deepEqual(await visible(world), before);
  const [image] = await world.stagedImages.list();
  assert.equal(image?.reason, noted ? describeImageRefusal(refused.reason) : undefined);
}

test('what is signed by an allowed key is published: list, manifests, blobs, signatures, tag', async () => {
  const world = await staged({ 'fedora/base:41': four, 'fedora/base:latest': four });
  const result = await accept(world, await signText(await world.request(), rsa));
  assert.equal(result.serial, 1);
  assert.deepEqual(result.refused, []);
  assert.deepEqual(await world.stagedImages.list(), []);
  const expires = world.clock.time + 90 * day;
  assert.deepEqual(
    await rowsOf(world.content.tags()),
    ['41', 'latest'].map((tag) => ({ repository: base, tag, list: four.digest, requestSerial: 1, expires })),
  );
  for (const digest of four.manifests.keys()) {
    assert.ok(world.tree.manifests.has(`${base}@${digest}`));
    assert.equal(world.tree.signatures.get(`${base}@${digest}`)?.length, 2);
  }
  assert.equal(world.contents.marker?.serial, 1);
  assert.deepEqual(
    result.published.map(({ expiresSoon }) => expiresSoon),
    [false, false],
  );
});

test('signatures that expire soon are told of', async () => {
  const world = await staged();
  const result = await accept(world, await signText(await world.request(), rsa, { life: 13 * day }));
  assert.equal(result.published[0]?.expiresSoon, true);
});

test('a replayed bundle is refused, and an older one too', async () => {
  const world = await staged();
  const first = await signText(await world.request(), rsa);
  const second = await signText(await world.request(), rsa);
  await accept(world, second);
  for (const [bundle, serial] of [
    [first, 1],
    [second, 2],
  ] as const) {
    await world.stage('fedora/base:41', four);
    await assertRefused(world, bundle, { kind: 'replayed', serial, published: 2 }, false);
  }
});

test('an old bundle whose header says that it is new is refused', async () => {
  const world = await staged();
  const old = await signText(await world.request(), rsa);
  const request = digestOf(await world.request());
  const lying = await reseal(
    old,
    (image) => image,
    (header) => ({ ...header, request, serial: 2 }),
  );
  const reason = { kind: 'signature', reason: { kind: 'wrong-serial', found: 1, expected: 2 } };
  await assertRefused(world, lying, reason, true);
});

test('a request that was not written here, or was changed on its way, is accepted by nobody', async () => {
  const world = await staged();
  const request = await world.request();
  const before = await visible(world);
  for (const change of [{ serial: 900_000 }, { serial: 2 }, { nonce: 'f'.repeat(32) }, { created: 1 }]) {
    const bundle = await signText(await changeRequest(request, change), rsa);
    await assert.rejects(accept(world, bundle), {
      code: 'TRUST',
      message: /not written here, or was changed/,
    });
  }
  assert.deepEqual(await visible(world), before);
  assert.equal((await accept(world, await signText(request, rsa))).published.length, 1);
  await world.stage('fedora/base:41', four);
  assert.equal((await accept(world, await signText(await world.request(), rsa))).published.length, 1);
});

test('an unknown key, a key that is not allowed, and a forged signature are told apart', async () => {
  const world = await staged();
  const request = await world.request();
  const onlyEd = await createSignatureReader([vectorFile('ed25519.pgp')]);
  const bundle = await signText(request, rsa);
  world.rules.set(base, createRule(onlyEd, {}));
  const unknown = { kind: 'signature', reason: { kind: 'unknown-key', keyId: rsa.fingerprint.slice(-16) } };
  await assertRefused(world, bundle, unknown, true);

  const both = await createSignatureReader([vectorFile('both.asc')]);
  world.rules.set(base, createRule(both, { fingerprints: new Set([ed25519.fingerprint]) }));
  await assertRefused(world, bundle, { kind: 'signature', reason: { kind: 'not-allowed-key' } }, true);

  world.rules.clear();
  const forged = await reseal(bundle, (image) => ({
    ...image,
    signatures: image.signatures.map(({ format, digest, signature }) => {
      const damaged = Buffer.from(signature);
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1;
      return { format, digest, signature: damaged };
    }),
  }));
  await assertRefused(world, forged, { kind: 'signature', reason: { kind: 'forged' } }, true);
});

test('what a revoked key signed is not published', async () => {
  const world = await staged();
  const bundle = await signText(await world.request(), ed25519);
  const date = world.clock.time;
  const secret = await readPrivateKey({ binaryKey: vectorFile('ed25519.secret.pgp').bytes });
  const { publicKey: revoked } = await revokeKey({
    key: secret,
    reasonForRevocation: { flag: enums.reasonForRevocation.keyCompromised, string: 'stolen' },
    date: new Date(date - day),
    format: 'binary',
  });
  // Beside the revoked key there is one that is whole: the stolen one does not pass for it.
  const files = [{ name: 'revoked', bytes: revoked }, vectorFile('rsa3072.asc')];
  world.rules.set(base, createRule(await createSignatureReader(files), {}));
  const expected = { kind: 'unusable-key', fingerprint: ed25519.fingerprint };
  await assertRefused(world, bundle, { kind: 'signature', reason: expected }, true);
});

test('signatures moved to another repository, tag or digest are refused', async () => {
  const world = await staged();
  const request = await world.request();
  const bundle = await signText(request, rsa);

  const elsewhere = await staged({ 'fedora/other:41': four });
  await elsewhere.issuedRequests.add(1, digestOf(request));
  const moved = await reseal(bundle, (image) => ({
    ...image,
    repository: parseRepositoryName('fedora/other'),
  }));
  await assertRefused(elsewhere, moved, { kind: 'signature', reason: { kind: 'wrong-reference' } }, true);

  const retagged = await staged({ 'fedora/base:42': four });
  await retagged.issuedRequests.add(1, digestOf(request));
  const tagged = await reseal(bundle, (image) => ({ ...image, tag: parseTagName('42') }));
  await assertRefused(retagged, tagged, { kind: 'signature', reason: { kind: 'wrong-reference' } }, true);

  const swapped = await reseal(bundle, (image) => ({
    ...image,
    signatures: image.signatures.map(({ format, digest }, index, all) => ({
      format,
      digest,
      signature: all[(index + 1) % all.length]?.signature ?? Buffer.alloc(1),
    })),
  }));
  await assertRefused(world, swapped, { kind: 'signature', reason: { kind: 'wrong-digest' } }, true);
});

test('a bundle that lacks a manifest, signs a foreign one, or answers for another list is refused', async () => {
  const world = await staged();
  const request = await world.request();
  const bundle = await signText(request, rsa);
  const lacking = await reseal(bundle, (image) => ({ ...image, signatures: image.signatures.slice(0, -1) }));
  const missing = { kind: 'signature', digest: four.images[3]?.digest, reason: { kind: 'missing' } };
  await assertRefused(world, lacking, missing, true);

  const foreign = await reseal(bundle, (image) => ({
    ...image,
    signatures: [
      ...image.signatures,
      { format: 'simple', digest: digestOf('foreign'), signature: Buffer.from('x') },
    ],
  }));
  await assertRefused(world, foreign, { kind: 'foreign', digest: digestOf('foreign') }, true);

  const replaced = await staged({ 'fedora/base:41': other });
  await replaced.issuedRequests.add(1, digestOf(request));
  await assertRefused(
    replaced,
    bundle,
    { kind: 'other-list', signed: four.digest, staged: other.digest },
    false,
  );
  const empty = await createSigningWorld();
  await empty.issuedRequests.add(1, digestOf(request));
  await assertRefused(empty, bundle, { kind: 'not-staged' }, false);
});

test('expired signatures, and those that live too long, are refused', async () => {
  const world = await staged();
  const request = await world.request();
  const long = await signText(request, rsa, { life: 401 * day });
  await assertRefused(world, long, { kind: 'signature', reason: { kind: 'lives-too-long' } }, true);
  const short = await signText(request, rsa, { life: day });
  world.clock.time += day;
  await assertRefused(world, short, { kind: 'signature', reason: { kind: 'expired' } }, true);
});

test('a bundle that a wrong clock dated names the clock', async () => {
  for (const [days, expected] of [
    [0, /^undefined$/],
    [-20, /the signer's clock is slow/],
    [20, /the signer's clock is fast, or the one here is slow/],
  ] as const) {
    const world = await staged();
    const clock = { now: () => vectorClock.now() + days * day };
    const result = await accept(world, await signText(await world.request(), rsa, { clock }));
    assert.match(String(result.clock), expected);
  }
});

test('what no rule covers, and what is damaged in staging, is refused', async () => {
  const world = await staged();
  const bundle = await signText(await world.request(), rsa);
  const findRule = () => Promise.resolve(undefined);
  const policy = { ...world.deps.policy, findRule };
  const result = await acceptBundle({ ...world.deps, policy }, linesOf(bundle), world.clock.now());
  assert.deepEqual(result.refused[0]?.reason, { kind: 'no-rule' });
  world.staging.blobs.delete([...four.blobs.keys()][0] ?? digestOf(''));
  const missing = /blob sha256:[0-9a-f]{64} is neither staged nor published/;
  const damaged = await accept(world, bundle);
  assert.ok(damaged.refused[0]?.reason.kind === 'staging-damaged');
  assert.match(damaged.refused[0].reason.detail, missing);
});

test('a bundle for another registry, an edited one and a doubled one change nothing at all', async () => {
  const world = await staged();
  const bundle = await signText(await world.request(), rsa);
  const before = await visible(world);
  const foreign = await reseal(
    bundle,
    (image) => image,
    (header) => ({ ...header, registry: parseRegistryHost('other.example.org') }),
  );
  await assert.rejects(accept(world, foreign), { code: 'TRUST', message: /other\.example\.org/ });
  await assert.rejects(accept(world, bundle.replace('"tag":"41"', '"tag":"42"')), {
    code: 'REQUEST_INVALID',
  });
  const [header = '', image = ''] = bundle.split(/(?<=\n)/);
  const twice = header + image + image;
  const end = `${JSON.stringify({ end: true, images: 2, sha256: digestOf(twice).slice(7) })}\n`;
  await assert.rejects(accept(world, twice + end), {
    code: 'REQUEST_INVALID',
    message: /fedora\/base:41 twice/,
  });
  assert.deepEqual(await visible(world), before);
  assert.equal((await world.stagedImages.list())[0]?.reason, undefined);
});

test('the good images of a bundle are published in one step; the bad ones stay, with the reason', async () => {
  const world = await staged({ 'fedora/base:41': four, 'fedora/base:42': other, 'fedora/base:43': four });
  const bundle = await signText(await world.request(), rsa);
  const mixed = await reseal(bundle, (image) =>
    image.tag === '42' ? { ...image, signatures: image.signatures.slice(1) } : image,
  );
  const result = await accept(world, mixed);
  assert.equal(result.serial, 1);
  assert.deepEqual(
    result.published.map(({ tag }) => tag),
    ['41', '43'],
  );
  assert.equal(result.refused.length, 1);
  const [left] = await world.stagedImages.list();
  assert.equal(left?.tag, '42');
  assert.match(left?.reason ?? '', /there is no signature/);
});

test('a threshold of two waits for the second key, in whatever order they come', async () => {
  const both = await createSignatureReader([vectorFile('both.asc')]);
  for (const [first, second] of [
    [rsa, ed25519],
    [ed25519, rsa],
  ] as const) {
    const world = await staged();
    world.rules.set(base, createRule(both, { threshold: 2 }));
    const request = await world.request();
    const waiting = await accept(world, await signText(request, first));
    assert.equal(waiting.serial, undefined);
    assert.deepEqual(waiting.waiting, [{ repository: base, tag: '41', have: 1, need: 2 }]);
    assert.equal((await world.stagedImages.list())[0]?.reason, '1 of 2 keys have signed');
    // The same key again, also for a new request, is still one key.
    await accept(world, await signText(request, first));
    assert.equal((await accept(world, await signText(request, first))).waiting.length, 1);

    const done = await accept(world, await signText(request, second));
    assert.equal(done.published.length, 1);
    assert.equal(world.tree.signatures.get(`${base}@${four.digest}`)?.length, 2);
    const requested = { repository: base, tag: parseTagName('41'), list: four.digest, serial: 1 };
    assert.deepEqual(await world.deps.records.received.list(requested), []);
  }
});

test('what came earlier and no longer holds is neither counted nor published', async () => {
  const both = await createSignatureReader([vectorFile('both.asc')]);
  for (const change of ['expired', 'key no longer allowed']) {
    const world = await staged();
    world.rules.set(base, createRule(both, { threshold: 2 }));
    const request = await world.request();
    await accept(world, await signText(request, rsa, { life: 10 * day }));
    world.clock.time += (change === 'expired' ? 11 : 1) * day;
    const fingerprints = new Set(change === 'expired' ? both.fingerprints : [ed25519.fingerprint]);
    world.rules.set(base, createRule(both, { threshold: 1, fingerprints }));
    const bundle = await signText(request, ed25519, { clock: world.clock });
    assert.equal((await accept(world, bundle)).published.length, 1, change);
    const [only, ...more] = world.tree.signatures.get(`${base}@${four.digest}`) ?? [];
    assert.deepEqual(more, [], change);
    const evidence = both.read(only ?? assert.fail(), world.clock.now());
    assert.equal('fingerprint' in evidence && evidence.fingerprint, ed25519.fingerprint);
  }
});

test('renewal replaces what the same key signed for the same tag, and keeps the other tags', async () => {
  const world = await staged({ 'fedora/base:41': four, 'fedora/base:latest': four });
  await accept(world, await signText(await world.request(), rsa, { life: 30 * day }));
  world.clock.time += 10 * day;
  await world.stage('fedora/base:41', four);
  await accept(world, await signText(await world.request(), rsa, { clock: world.clock }));
  const list = () => world.tree.signatures.get(`${base}@${four.digest}`) ?? [];
  const reader = await createSignatureReader([vectorFile('both.asc')]);
  const tags = async () =>
    Promise.all(
      list().map(async (signature) => {
        const evidence = reader.read(signature, world.clock.now());
        assert.ok(evidence.kind === 'signed');
        const { reference, serial } = parseSimpleSigning(evidence.payload);
        return `${reference.split(':')[1]} ${serial}`;
      }),
    );
  assert.deepEqual(await tags(), ['latest 1', '41 2']);

  // Another key's signature for the same tag comes beside it; what has expired goes.
  world.clock.time += 21 * day;
  await world.stage('fedora/base:41', four);
  await accept(world, await signText(await world.request(), ed25519, { clock: world.clock }));
  assert.deepEqual(await tags(), ['41 2', '41 3']);
});

/** 128 signatures of `four` under the tags t0 to t127 in the tree. */
async function fillTree(world: SigningWorld): Promise<readonly Buffer[]> {
  const { time } = world.clock;
  const present = await Promise.all(
    Array.from({ length: 128 }, async (_, tag) => {
      const reference = `images.example.org/${base}:t${tag}`;
      const content = { reference, digest: four.digest, creator: 'x', timestamp: 1, serial: 1 };
      return Buffer.from(await ed25519.sign(formatSimpleSigning(content), time, time + day));
    }),
  );
  world.tree.signatures.set(`${base}@${four.digest}`, present);
  return present;
}

async function publishTag(world: SigningWorld, tag: number, list: typeof four): Promise<void> {
  await world.publications.publish({
    tags: [
      { repository: base, tag: parseTagName(`t${tag}`), list: list.digest, requestSerial: 0, expires: 1 },
    ],
    manifests: [],
    blobs: [],
  });
}

test('clients read 128 signatures: the oldest of those whose tag leads elsewhere give way', async () => {
  const world = await staged();
  const present = await fillTree(world);
  world.tree.manifests.set(`${base}@${other.digest}`, other.manifest);
  for (let tag = 0; tag < 128; tag += 1)
    await publishTag(world, tag, tag === 70 || tag === 90 ? other : four);
  const result = await accept(world, await signText(await world.request(), ed25519));
  assert.equal(result.published.length, 1);
  const now = world.tree.signatures.get(`${base}@${four.digest}`) ?? [];
  assert.deepEqual(now.slice(0, -1), present.toSpliced(70, 1));
  assert.ok(!present.some((bytes) => now.at(-1)?.equals(bytes)));
});

test('no signature of a published tag gives way: the image is refused, and the others are published', async () => {
  const world = await staged({ 'fedora/base:41': four, 'fedora/base:42': other });
  await fillTree(world);
  for (let tag = 0; tag < 128; tag += 1) await publishTag(world, tag, four);
  await world.stage('fedora/base:t5', four);
  const result = await accept(world, await signText(await world.request(), ed25519));
  assert.deepEqual(
    result.published.map(({ tag }) => tag),
    ['42', 't5'],
    'the renewal takes no more room',
  );
  const [refused] = result.refused;
  assert.partialDeepStrictEqual(refused, {
    tag: '41',
    reason: { kind: 'too-many-signatures', digest: four.digest, count: 129, limit: 128 },
  });
  assert.match((await world.stagedImages.list())[0]?.reason ?? '', /clients read at most 128/);
  assert.equal(world.tree.signatures.get(`${base}@${four.digest}`)?.length, 128);
});

test('clients read 128 signatures: the oldest give way', async () => {
  const world = await staged();
  const key = `${base}@${four.digest}`;
  const { time } = world.clock;
  const sign = (tag: number) => {
    const reference = `images.example.org/${base}:t${tag}`;
    const content = { reference, digest: four.digest, creator: 'x', timestamp: 1, serial: 1 };
    return ed25519.sign(formatSimpleSigning(content), time, time + day);
  };
  const present = await Promise.all(Array.from({ length: 128 }, (_, tag) => sign(tag)));
  world.tree.signatures.set(
    key,
    present.map((bytes) => Buffer.from(bytes)),
  );
  await accept(world, await signText(await world.request(), ed25519));
  const after = world.tree.signatures.get(key) ?? [];
  assert.equal(after.length, 128);
  assert.deepEqual(after[0], Buffer.from(present[1] ?? []));
  assert.ok(!after.slice(-1).some((last) => last.equals(present[127] ?? Buffer.alloc(0))));
});
