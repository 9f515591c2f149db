import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { buildFourPlatforms, buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { linesOf } from '../../../test/fakes/memory-new-file.ts';
import { createSealPair } from '../../../test/fakes/seal-pair.ts';
import { createSigningWorld, createTestSigners, signText } from '../../../test/fakes/signing-world.ts';
import { vectorClock } from '../../../test/fakes/vectors.ts';
import { digestOf } from '../../oci/digest.ts';
import { type Seal, sealToJson } from '../../trust/hand-off/seal.ts';
import { acceptBundle } from './accept-bundle.ts';
import { readBundle } from './read-bundle.ts';

const { ed25519 } = await createTestSigners();
const four = buildFourPlatforms();
const signer = await createSealPair();
const stranger = await createSealPair();

async function createWorld() {
  const world = await createSigningWorld();
  await world.stage('fedora/base:41', four);
  await world.stage('fedora/base:latest', four);
  return { ...world, deps: { ...world.deps, policy: { ...world.deps.policy, signers: [signer.key] } } };
}
const world = await createWorld();
const request = await world.request();
const sealed = await signText(request, ed25519, { sealer: signer.signer });
const unsealed = await signText(request, ed25519);

const now = vectorClock.now();
const read = (text: string, at = now) =>
  readBundle(linesOf(text), world.registry, { signers: [signer.key], now: at });

/** Other lines under a checksum that is right, and a seal that is not theirs. */
function reframe(lines: readonly string[], seal?: Seal): string {
  const text = lines.map((line) => `${line}\n`).join('');
  const sha256 = createHash('sha256').update(text).digest('hex');
  const end = { end: true, images: lines.length - 1, sha256 };
  return `${text}${JSON.stringify(seal === undefined ? end : { ...end, seal: sealToJson(seal) })}\n`;
}
const linesIn = (text: string) => text.trim().split('\n').slice(0, -1);
const sealOf = (text: string): Seal => {
  const { seal } = JSON.parse(text.trim().split('\n').at(-1) ?? '') as {
    seal: { key: string; signature: string };
  };
  return { key: seal.key as Seal['key'], signature: Buffer.from(seal.signature, 'base64') };
};

test('a bundle that a configured signer sealed is accepted', async () => {
  const own = await createWorld();
  await own.issuedRequests.add(1, digestOf(request));
  const { published } = await acceptBundle(own.deps, linesOf(sealed), now);
  assert.equal(published.length, 2);
});

test('with signers configured, an unsealed bundle and a foreign one are refused whole', async () => {
  const before = (await createWorld()).deps;
  await assert.rejects(acceptBundle(before, linesOf(unsealed), now), {
    code: 'TRUST',
    message: /has no seal/,
  });
  const foreign = await signText(request, ed25519, { sealer: stranger.signer });
  await assert.rejects(acceptBundle(before, linesOf(foreign), now), {
    code: 'TRUST',
    message: /not among the configured signers/,
  });
  assert.equal((await before.records.publications.serials()).serial, 0);
});

test('a bundle whose seal was taken off, or put on another, is refused', async () => {
  await assert.rejects(read(reframe(linesIn(sealed))), { message: /has no seal/ });
  await assert.rejects(read(reframe(linesIn(unsealed), sealOf(sealed))), { message: /was changed after/ });
});

test('a seal under the name of a signer by somebody else is refused', async () => {
  const sha256 = createHash('sha256')
    .update(
      linesIn(sealed)
        .map((line) => `${line}\n`)
        .join(''),
    )
    .digest('hex');
  const { signature } = await stranger.signer.seal(Buffer.from(`signpost sealed lines\nsha256:${sha256}\n`));
  const claimed = reframe(linesIn(sealed), { key: signer.key.id, signature });
  await assert.rejects(read(claimed), { code: 'TRUST', message: /was changed after/ });
});

test('parts of two bundles, another order, a part left out and a header edited are refused', async () => {
  const other = await createSigningWorld();
  await other.stage('fedora/toolbox:41', buildList([buildImage({ layers: [{ other: 'content' }] })]));
  await other.request();
  const second = await signText(await other.request(), ed25519, { sealer: signer.signer });
  const [header = '', first = '', last = ''] = linesIn(sealed);
  for (const lines of [
    [header, first, linesIn(second)[1] ?? ''],
    [linesIn(second)[0] ?? '', first, last],
    [header, last, first],
    [header, first],
    [header.replace('"serial":1', '"serial":9'), first, last],
    [header.replace(/"expires":\d+/, '"expires":99999999999'), first, last],
  ]) {
    await assert.rejects(
      read(reframe(lines, sealOf(sealed))),
      { code: 'TRUST' },
      lines.join('\n').slice(0, 200),
    );
  }
});

test('a sealed bundle is worth nothing after it expired', async () => {
  await read(sealed, vectorClock.now() + 89 * 86_400_000);
  await assert.rejects(read(sealed, vectorClock.now() + 91 * 86_400_000), {
    code: 'TRUST',
    message: /the signature bundle expired on/,
  });
});

test('property: no byte of a sealed bundle can be changed, even under a checksum that is right', async () => {
  const lines = linesIn(sealed);
  await fc.assert(
    fc.asyncProperty(
      fc.nat(lines.length - 1),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      async (line, at, bits) => {
        const bytes = Buffer.from(lines[line] ?? '');
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ bits;
        const changed = lines.with(line, bytes.toString('latin1'));
        await assert.rejects(read(reframe(changed, sealOf(sealed))));
      },
    ),
    { numRuns: 60 },
  );
});
