import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFourPlatforms, buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { createMemorySignerRecord } from '../../../test/fakes/memory-signer-record.ts';
import { linesOf } from '../../../test/fakes/memory-new-file.ts';
import { createNotaryKeyring, fingerprintOf, makeNotaryRoot } from '../../../test/fakes/notary-world.ts';
import {
  createFormatsRule,
  createSigningWorld,
  createTestSigners,
  signText,
} from '../../../test/fakes/signing-world.ts';
import { createTufKeyring, hour, makeRoot } from '../../../test/fakes/tuf-world.ts';
import { vectorClock, vectorFile } from '../../../test/fakes/vectors.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../../trust/signature-readers.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { createNotarySigner } from '../../signer/notary-signer.ts';
import { createTufSigner } from '../../signer/tuf-signer.ts';
import type { MetadataFormat } from '../../trust/metadata-file.ts';
import { acceptBundle } from './accept-bundle.ts';
import { describeImageRefusal } from './image-refusal.ts';

const now = vectorClock.now();
const { rsa, ed25519 } = await createTestSigners();
const four = buildFourPlatforms();
const other = buildList([buildImage({ layers: [{ other: 'content' }] })]);
const lives = { targets: 2000 * hour, snapshot: 200 * hour, timestamp: 20 * hour };
const tufKeys = createTufKeyring();
const tufRoot = await makeRoot(tufKeys, tufKeys.root, now + 9000 * hour);
const notaryKeys = await createNotaryKeyring('images.example.org/*', now);
const notaryRoot = await makeNotaryRoot(notaryKeys, now + 9000 * hour);
const tuf = createTufSigner(tufKeys, [tufRoot.bytes], lives);
const notary = createNotarySigner(notaryKeys, [notaryRoot.bytes], lives);

/** Repositories `demanding/*` demand `formats` beside a simple signature by `threshold` keys; others the signature alone. */
async function createWorld(formats: readonly MetadataFormat[], threshold = 1) {
  const world = await createSigningWorld();
  const reader = createSimpleReader(await createSignatureReader([vectorFile('both.asc')]));
  const rule = { ...createFormatsRule([reader], { threshold }), metadata: formats };
  for (const name of ['demanding/a', 'demanding/b']) world.rules.set(name, rule);
  const metadata = { tufRoot: tufRoot.bytes, notaryCertificates: new Set([fingerprintOf(notaryKeys)]) };
  const deps = { ...world.deps, policy: { ...world.deps.policy, metadata } };
  const record = createMemorySignerRecord();
  return {
    world,
    files: world.metadata,
    sign: async (signers: readonly (typeof tuf)[], signer = rsa, request?: string) =>
      signText(request ?? (await world.request()), signer, {
        // Each signing machine has a record of its own; one of them has keys for metadata.
        record: signer === rsa ? record : createMemorySignerRecord(),
        metadata: signers,
        clock: world.clock,
      }),
    accept: (bundle: string) => acceptBundle(deps, linesOf(bundle), world.clock.now()),
  };
}

test('what its metadata names is published, and the metadata after it', async () => {
  const { world, files, sign, accept } = await createWorld(['tuf', 'notary']);
  await world.stage('demanding/a:1', four);
  const result = await accept(await sign([tuf, notary]));
  assert.equal(result.published.length, 1);
  assert.deepEqual(
    result.metadata.map((outcome) => [outcome.format, 'placed' in outcome]),
    [
      ['tuf', true],
      ['notary', true],
    ],
  );
  assert.ok(files.has('tuf/timestamp.json'));
});

test('a bundle without the metadata publishes nothing that demands it, and all else', async () => {
  for (const [formats, signers] of [
    [['tuf'], []],
    [['notary'], [tuf]],
    [['tuf', 'notary'], [tuf]],
  ] as const) {
    const { world, sign, accept } = await createWorld(formats);
    await world.stage('demanding/a:1', four);
    await world.stage('other/a:1', four);
    const result = await accept(await sign(signers));
    assert.deepEqual(
      result.published.map(({ repository }) => repository),
      ['other/a'],
    );
    const [refused] = result.refused;
    assert.ok(refused?.reason.kind === 'not-named');
    assert.match(describeImageRefusal(refused.reason), /metadata, and the bundle brings none for this/);
    assert.match((await world.stagedImages.list())[0]?.reason ?? '', /the repository demands/);
  }
});

test('metadata by other keys, expired, or of a signer put back refuses the image', async () => {
  const { world, sign, accept } = await createWorld(['tuf']);
  await world.stage('demanding/a:1', four);
  const stranger = createTufKeyring();
  const strange = await makeRoot(stranger, stranger.root, now + 9000 * hour);
  const forged = await accept(await sign([createTufSigner(stranger, [strange.bytes], lives)]));
  assert.match(describe(forged), /what the bundle brings is refused: 1\.root\.json was|is signed by 0 of/);

  const held = await sign([tuf]);
  world.clock.time += 21 * hour;
  assert.match(describe(await accept(held)), /timestamp\.json expired/);
});

test('where other metadata is refused, what would have been named with it is refused too', async () => {
  const { world, sign, accept } = await createWorld(['tuf']);
  await world.stage('demanding/a:1', four);
  await world.stage('other/a:1', four);
  assert.equal((await accept(await sign([tuf]))).published.length, 2);
  await world.stage('demanding/a:1', other);
  await world.stage('other/a:1', other);
  const bundle = await sign([tuf]);
  // It keeps its old list, and TUF metadata as a whole would name another.
  await world.stagedImages.remove(parseRepositoryName('other/a'), parseTagName('1'));
  const result = await accept(bundle);
  assert.deepEqual(result.published, []);
  assert.ok(result.metadata.every((outcome) => 'refused' in outcome));
});

test('signatures are kept for the bundle that brings the metadata', async () => {
  const { world, sign, accept } = await createWorld(['tuf'], 2);
  await world.stage('demanding/a:1', four);
  const request = await world.request();
  const first = await sign([tuf], rsa, request);
  const second = await sign([], ed25519, request);
  assert.equal((await accept(first)).waiting.length, 1);
  assert.match(describe(await accept(second)), /brings none/);
  const result = await accept(first);
  assert.equal(result.published.length, 1, describe(result));
});

function describe({ refused }: Awaited<ReturnType<typeof acceptBundle>>): string {
  return refused.map(({ reason }) => describeImageRefusal(reason)).join('; ');
}
