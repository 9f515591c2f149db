import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowsOf } from '../../../test/fakes/rows-of.ts';
import { createMemoryRawSigner, verifyingKeyOf } from '../../../test/fakes/cosign-vectors.ts';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { linesOf } from '../../../test/fakes/memory-new-file.ts';
import {
  type SigningWorld,
  createFormatsRule,
  createSigningWorld,
  createTestSigners,
  signText,
} from '../../../test/fakes/signing-world.ts';
import { vectorFile } from '../../../test/fakes/vectors.ts';
import {
  createCosignReader,
  createSigstoreReader,
  createSimpleReader,
} from '../../trust/signature-readers.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { type ImageManifest, parseManifest } from '../../oci/manifest.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';
import { createCosignSigner } from '../../signer/cosign-signer.ts';
import { createSigstoreSigner } from '../../signer/sigstore-signer.ts';
import { createSimpleSigner } from '../../signer/simple-signer.ts';
import type { SigningKey } from '../../signer/signing-key.ts';
import { parseCosignPayload } from '../../trust/cosign/cosign-payload.ts';
import { parseImageStatement } from '../../trust/sigstore/image-statement.ts';
import { bundleType, parseSigstoreBundle } from '../../trust/sigstore/sigstore-bundle.ts';
import { acceptBundle } from './accept-bundle.ts';
import { describeImageRefusal } from './image-refusal.ts';

const day = 86_400_000;
const { rsa } = await createTestSigners();
const four = buildFourPlatforms();
const base = parseRepositoryName('fedora/base');
const digests = [...four.manifests.keys()];
const keyA = createMemoryRawSigner();
const keyB = createMemoryRawSigner();
const verifying = [keyA, keyB].map(verifyingKeyOf);

const cosign = (raw: RawSigner): SigningKey => ({
  signer: createCosignSigner(raw),
  reader: createCosignReader([verifyingKeyOf(raw)]),
});
const sigstore = (raw: RawSigner): SigningKey => ({
  signer: createSigstoreSigner(raw),
  reader: createSigstoreReader([verifyingKeyOf(raw)]),
});
const openpgp: SigningKey = {
  signer: createSimpleSigner(rsa),
  reader: createSimpleReader(await createSignatureReader([vectorFile('both.asc')])),
};

/** A repository that demands `formats`, with an image staged for each tag. */
async function createWorld(
  formats: readonly ('simple' | 'cosign' | 'sigstore')[] = ['simple', 'cosign', 'sigstore'],
  tags: readonly string[] = ['41'],
  changes: Parameters<typeof createFormatsRule>[1] = {},
) {
  const world = await createSigningWorld();
  const readers = {
    simple: createSimpleReader(await createSignatureReader([vectorFile('both.asc')])),
    cosign: createCosignReader(verifying),
    sigstore: createSigstoreReader(verifying),
  };
  const chosen = formats.map((format) => readers[format]);
  world.rules.set(base, createFormatsRule(chosen, changes));
  for (const tag of tags) await world.stage(`fedora/base:${tag}`, four);
  const sign = async (...keys: SigningKey[]) =>
    signText(await world.request(), rsa, { keys, clock: world.clock });
  return {
    world,
    sign,
    accept: (bundle: string) => acceptBundle(world.deps, linesOf(bundle), world.clock.now()),
  };
}

function readManifest({ tree }: SigningWorld, digest: Digest): ImageManifest {
  const bytes = tree.manifests.get(`${base}@${digest}`);
  assert.ok(bytes !== undefined);
  const manifest = parseManifest(bytes);
  assert.ok(manifest.kind === 'image');
  return manifest;
}

function readBlob({ tree }: SigningWorld, digest: Digest): Buffer {
  const bytes = tree.blobs.get(`${base}@${digest}`);
  assert.ok(bytes !== undefined);
  return bytes;
}

/** What the attached signatures of a digest say, in their order. */
async function attachedTo(world: SigningWorld, digest: Digest) {
  const tag = await world.publications.findTag(base, parseTagName(`sha256-${digest.slice(7)}.sig`));
  assert.ok(tag !== undefined);
  return readManifest(world, tag.list).layers.map((layer) => {
    const payload = parseCosignPayload(readBlob(world, layer.digest));
    assert.equal(payload.digest, digest);
    return `${payload.reference.split(':')[1]} ${payload.serial}`;
  });
}

/** What the bundles that refer to a digest say, sorted. */
async function bundlesFor(world: SigningWorld, digest: Digest) {
  const referrers = await world.publications.findReferrers(base, digest, bundleType);
  return referrers
    .map((manifest) => {
      const [layer] = readManifest(world, manifest).layers;
      assert.ok(layer !== undefined);
      const statement = parseImageStatement(parseSigstoreBundle(readBlob(world, layer.digest)).payload);
      assert.equal(statement.digest, digest);
      return `${statement.reference.split(':')[1]} ${statement.serial}`;
    })
    .sort();
}

test('every format of the rule is published with the image, for its list and all its manifests', async () => {
  const { world, sign, accept } = await createWorld();
  const result = await accept(await sign(openpgp, cosign(keyA), sigstore(keyA)));
  assert.deepEqual(result.refused, []);
  assert.equal(result.serial, 1);
  assert.equal(digests.length, 5);
  const blobs = new Set((await rowsOf(world.content.blobs())).map(({ digest }) => digest));
  for (const digest of digests) {
    assert.equal(world.tree.signatures.get(`${base}@${digest}`)?.length, 1);
    assert.deepEqual(await attachedTo(world, digest), ['41 1']);
    assert.deepEqual(await bundlesFor(world, digest), ['41 1']);
  }
  // Each file of an artifact is known as content, and is in the tree.
  for (const { digest, subject } of await rowsOf(world.content.manifests())) {
    const manifest = parseManifest(world.tree.manifests.get(`${base}@${digest}`) ?? Buffer.alloc(0));
    assert.equal(manifest.subject?.digest, subject);
    for (const blob of manifest.kind === 'image' ? [manifest.config, ...manifest.layers] : []) {
      assert.ok(blobs.has(blob.digest));
      assert.ok(world.tree.blobs.has(`${base}@${blob.digest}`));
    }
  }
});

test('one format can be demanded without the others', async () => {
  const { world, sign, accept } = await createWorld(['cosign']);
  const result = await accept(await sign(cosign(keyA)));
  assert.equal(result.published.length, 1);
  assert.deepEqual(await attachedTo(world, four.digest), ['41 1']);
  assert.equal(world.tree.signatures.size, 0);
});

test('a format that the rule demands and the bundle lacks is refused by name', async () => {
  const { world, sign, accept } = await createWorld();
  const { refused, serial } = await accept(await sign(openpgp, cosign(keyA)));
  assert.equal(serial, undefined);
  const [first] = refused;
  assert.deepEqual(first?.reason, {
    kind: 'signature',
    format: 'sigstore',
    digest: four.digest,
    reason: { kind: 'missing' },
  });
  assert.match(describeImageRefusal(first.reason), /format "sigstore": there is no signature/);
  assert.deepEqual(await rowsOf(world.content.tags()), []);
  assert.equal(world.tree.blobs.size, 0);
});

test('a format that the rule does not demand is left out', async () => {
  const { world, sign, accept } = await createWorld(['simple']);
  const result = await accept(await sign(openpgp, cosign(keyA), sigstore(keyA)));
  assert.equal(result.published.length, 1);
  assert.deepEqual(
    (await rowsOf(world.content.tags())).map(({ tag }) => tag),
    ['41'],
  );
  assert.equal(world.tree.manifests.size, digests.length);
});

test('a signature of one format does not pass for one of another', async () => {
  const { sign, accept } = await createWorld(['cosign', 'sigstore']);
  const bundle = await sign(cosign(keyA), sigstore(keyA));
  const swapped = reseal(
    bundle
      .replaceAll('"format":"cosign"', '"format":"x"')
      .replaceAll('"format":"sigstore"', '"format":"cosign"'),
  ).replaceAll('"format":"x"', '"format":"sigstore"');
  const { refused } = await accept(reseal(swapped));
  assert.equal(refused[0]?.reason.kind, 'signature');
  assert.partialDeepStrictEqual(refused[0]?.reason, { reason: { kind: 'forged' } });
});

test('two tags of one image bring a layer and a bundle each', async () => {
  const { world, sign, accept } = await createWorld(undefined, ['41', 'latest']);
  await accept(await sign(openpgp, cosign(keyA), sigstore(keyA)));
  for (const digest of digests) {
    assert.deepEqual(await attachedTo(world, digest), ['41 1', 'latest 1']);
    assert.deepEqual(await bundlesFor(world, digest), ['41 1', 'latest 1']);
  }
});

test('renewal replaces what the same key signed for the same tag, and keeps the other tags', async () => {
  const { world, sign, accept } = await createWorld(['cosign', 'sigstore'], ['41', 'latest']);
  await accept(await sign(cosign(keyA), sigstore(keyA)));
  world.clock.time += day;
  await world.stage('fedora/base:41', four);
  await accept(await sign(cosign(keyA), sigstore(keyA)));
  assert.deepEqual(await attachedTo(world, four.digest), ['latest 1', '41 2']);
  assert.deepEqual(await bundlesFor(world, four.digest), ['41 2', 'latest 1']);

  // Another key comes beside it; what has expired by then goes.
  world.clock.time += 90 * day - day;
  await world.stage('fedora/base:41', four);
  await accept(await sign(cosign(keyB), sigstore(keyB)));
  assert.deepEqual(await attachedTo(world, four.digest), ['41 2', '41 3']);
  assert.deepEqual(await bundlesFor(world, four.digest), ['41 2', '41 3']);

  // A key that the rule no longer names goes with the next signature, although it has not expired.
  const readers = [createCosignReader(verifying.slice(1)), createSigstoreReader(verifying.slice(1))];
  world.rules.set(base, createFormatsRule(readers, {}));
  await world.stage('fedora/base:41', four);
  await accept(await sign(cosign(keyB), sigstore(keyB)));
  assert.deepEqual(await attachedTo(world, four.digest), ['41 4']);
  assert.deepEqual(await bundlesFor(world, four.digest), ['41 4']);
});

test('damaged artifacts in the tree are replaced, not kept', async () => {
  const { world, sign, accept } = await createWorld(['cosign', 'sigstore'], ['41', 'latest']);
  await accept(await sign(cosign(keyA), sigstore(keyA)));
  for (const [key, bytes] of world.tree.blobs) {
    if (bytes.includes('latest') || bytes.includes('dsseEnvelope'))
      world.tree.blobs.set(key, Buffer.from('{}'));
  }
  await world.stage('fedora/base:41', four);
  await accept(await sign(cosign(keyA), sigstore(keyA)));
  assert.deepEqual(await attachedTo(world, four.digest), ['41 2']);
  assert.deepEqual(await bundlesFor(world, four.digest), ['41 2']);
});

test('a threshold counts keys in every format by itself', async () => {
  const { world, accept } = await createWorld(['cosign', 'sigstore'], ['41'], { threshold: 2 });
  const request = await world.request();
  const signed = (...keys: SigningKey[]) => signText(request, rsa, { keys, clock: world.clock });
  const first = await accept(await signed(cosign(keyA), sigstore(keyA)));
  assert.deepEqual(first.waiting, [{ repository: base, tag: '41', have: 1, need: 2 }]);
  // Two keys in one format are one in the other.
  const half = await accept(await signed(cosign(keyB), sigstore(keyA)));
  assert.equal(half.waiting.length, 1);
  const done = await accept(await signed(cosign(keyB), sigstore(keyB)));
  assert.equal(done.published.length, 1);
  assert.equal((await attachedTo(world, four.digest)).length, 2);
  assert.equal((await bundlesFor(world, four.digest)).length, 2);
});

test('expired signatures are refused in every format', async () => {
  for (const [format, key] of [
    ['cosign', cosign(keyA)],
    ['sigstore', sigstore(keyA)],
  ] as const) {
    const { world, sign, accept } = await createWorld([format]);
    const bundle = await sign(key);
    world.clock.time += 90 * day;
    const { refused } = await accept(bundle);
    assert.partialDeepStrictEqual(refused[0]?.reason, {
      kind: 'signature',
      format,
      reason: { kind: 'expired' },
    });
  }
});

/** The same lines with an end line that fits them. */
function reseal(text: string): string {
  const lines = text.split(/(?<=\n)/).slice(0, -1);
  const sha256 = digestOf(lines.join('')).slice(7);
  return `${lines.join('')}${JSON.stringify({ end: true, images: lines.length - 1, sha256 })}\n`;
}
