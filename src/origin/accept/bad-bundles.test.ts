import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { badLinesOf, linesOfBytes, withChecksum } from '../../../test/fakes/bad-lines.ts';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import {
  type SigningWorld,
  createSigningWorld,
  createTestSigners,
  signText,
} from '../../../test/fakes/signing-world.ts';
import { rowsOf } from '../../../test/fakes/rows-of.ts';
import { readVector } from '../../../test/fakes/vectors.ts';
import { acceptBundle } from './accept-bundle.ts';
import { describeImageRefusal } from './image-refusal.ts';

const { ed25519 } = await createTestSigners();
const four = buildFourPlatforms();
const world = await createSigningWorld();
await world.stage('fedora/base:41', four);
const text = await signText(await world.request(), ed25519);
const [header = '', image = ''] = text.split('\n');
const accept = (bytes: Uint8Array) => acceptBundle(world.deps, linesOfBytes(bytes), world.clock.now());

/** Everything that a bundle might change. */
async function visible({ publications, content, tree, stagedImages }: SigningWorld) {
  return {
    serial: await publications.serials(),
    tags: await rowsOf(content.tags()),
    files: [...tree.manifests.keys(), ...tree.blobs.keys(), ...tree.signatures.keys()],
    staged: (await stagedImages.list()).map(({ repository, tag, list }) => `${repository}:${tag} ${list}`),
  };
}

const before = await visible(world);

test('a bundle that is malformed is refused with the reason, and nothing is published', async () => {
  const enormous = withChecksum([header, image.replace('{', `{${' '.repeat(16 * 1024 * 1024)}`)]);
  const limit = {
    what: 'an enormous line',
    code: 'LIMIT_EXCEEDED',
    message: /larger than allowed at line 2/,
  };
  const cases = [
    ...badLinesOf(text),
    { ...limit, bytes: enormous },
    ...(
      [
        ['"format":"simple","digest"', '"format":"md5","digest"', /format is "md5"/],
        ['"signature":"', '"signature":"*', /expected bytes in base64/],
        ['"digest":"sha256:', '"digest":"md5:', /digest is/],
        ['"digest":"sha256:', '"digest":"sha512:', /digest is/],
        ['{"format"', '{"key":1,"format"', /unknown field "key"/],
      ] as const
    ).map(([from, to, message]) => {
      const bytes = withChecksum([header, image.replace(from, to)]);
      return { what: to, bytes, code: 'REQUEST_INVALID', message };
    }),
  ];
  assert.ok(cases.length > 30);
  for (const { what, bytes, code, message } of cases) {
    await assert.rejects(accept(bytes), { code, message }, what);
    assert.deepEqual(await visible(world), before, what);
  }
});

test('property: a bundle that is cut off anywhere is refused, and nothing is published', async () => {
  const bytes = Buffer.from(text);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: bytes.length - 1 }), async (length) => {
      await assert.rejects(accept(bytes.subarray(0, length)), { code: 'REQUEST_INVALID' });
      assert.deepEqual(await visible(world), before);
    }),
    { numRuns: 60 },
  );
});

test('an envelope of several signatures, of a weak hash or of no signature is refused, and nothing is published', async () => {
  const good = signaturesOf(image)[0]?.signature ?? '';
  const twice = Buffer.from(good, 'base64');
  for (const [what, signature, reason] of [
    ['two signatures of one message', readVector('bad-two-signatures.sig'), /something after the signature/],
    ['two messages', Buffer.concat([twice, twice]), /something after the signature/],
    ['SHA-1', readVector('bad-sha1.sig'), /its hash is not SHA-256/],
    ['MD5', withHash(twice, 1), /its hash is not SHA-256/],
    ['a hash that nobody knows', withHash(twice, 99), /its hash is not SHA-256/],
    ['armour', readVector('bad-armoured.sig'), /not a binary OpenPGP message/],
    ['a detached signature', readVector('bad-detached.sig'), /not one signed message/],
    [
      'another format',
      readFileSync(new URL('../../../test/vectors/notation/chain.json', import.meta.url)),
      /not/,
    ],
  ] as const) {
    const changed = JSON.parse(image) as { signatures: { signature: string }[] };
    for (const one of changed.signatures) one.signature = signature.toString('base64');
    const { serial, published, refused } = await accept(withChecksum([header, JSON.stringify(changed)]));
    assert.deepEqual([serial, published], [undefined, []], what);
    assert.match(refused.map(({ reason }) => describeImageRefusal(reason)).join(), reason, what);
    assert.deepEqual(await visible(world), before, what);
  }
});

test('the bundle itself was good', async () => {
  assert.equal((await accept(Buffer.from(text))).serial, 1);
});

function signaturesOf(line: string) {
  return (JSON.parse(line) as { signatures: { signature: string }[] }).signatures;
}

/** The message with another hash algorithm (RFC 9580, section 9.5) in its one-pass and its signature packet. */
function withHash(message: Buffer, hash: number): Buffer {
  const changed = Buffer.from(message);
  // Each packet: tag and five octets of length. In both the hash follows: version, type; in the signature, the key's kind too.
  const literal = 6 + changed.readUInt32BE(2);
  const signature = literal + 6 + changed.readUInt32BE(literal + 2);
  changed.writeUInt8(hash, 6 + 2);
  changed.writeUInt8(hash, signature + 6 + 3);
  return changed;
}
