import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildFourPlatforms } from '../../test/fakes/image-builder.ts';
import { createMemoryNewFile, linesOf } from '../../test/fakes/memory-new-file.ts';
import { createMemorySignerRecord } from '../../test/fakes/memory-signer-record.ts';
import { createSigningWorld, createTestSigners, signText } from '../../test/fakes/signing-world.ts';
import { acceptBundle } from '../origin/accept/accept-bundle.ts';
import { parseTaggedReference } from '../oci/reference.ts';
import { writeRequest } from '../origin/request/write-request.ts';

const { rsa, ed25519 } = await createTestSigners();
const four = buildFourPlatforms();
const world = await createSigningWorld();
const record = createMemorySignerRecord();

async function ask(published: readonly Uint8Array[], reference = 'fedora/base:41'): Promise<string> {
  await world.stage(reference, four);
  const file = createMemoryNewFile();
  const target = parseTaggedReference(reference);
  const findPublished = () => Promise.resolve(published);
  const deps = { ...world, findPublished, nonce: () => '0'.repeat(32), createFile: async () => file };
  await writeRequest(deps, (repository) => repository === target.repository);
  return file.text ?? '';
}

// The signer signs twice; the second time is what an old copy of its record does not know of.
await signText(await ask([]), ed25519, { record });
const old = createMemorySignerRecord();
old.add([{ reference: 'images.example.org/fedora/base:41', list: four.digest, serial: 1, signed: 0 }], {
  request: four.digest,
  bundle: four.digest,
});
const bundle = linesOf(await signText(await ask([]), ed25519, { record }));
await acceptBundle(world.deps, bundle, world.clock.now());
const published = await world.tree.readSignatures(
  parseTaggedReference('fedora/base:41').repository,
  four.digest,
);
const request = await ask(published);

test('the signer knows its own signatures again, and a record that is whole knows of them', async () => {
  assert.equal(published.length, 1);
  assert.notEqual(await signText(request, ed25519, { record }), '');
});

test('a record that was put back to an older state is noticed, and nothing is signed', async () => {
  const file = createMemoryNewFile();
  const createBundle = () => Promise.resolve(file);
  await assert.rejects(signText(request, ed25519, { record: old, createBundle }), {
    code: 'ROLLBACK',
    message: /this key signed request 2, but the record knows of none after 1.*--adopt-record/,
  });
  assert.equal(file.text, undefined);
  await assert.rejects(signText(request, ed25519), { code: 'ROLLBACK', message: /none after 0/ });
});

test('told to, the signer goes on from there', async () => {
  const behind = createMemorySignerRecord();
  assert.notEqual(await signText(request, ed25519, { record: behind, adoptRecord: true }), '');
  assert.equal(behind.highestSerial('images.example.org/fedora/base'), 3);
});

test('signatures by other keys, for other tags, and rubbish say nothing of this record', async () => {
  assert.notEqual(await signText(request, rsa), '');
  assert.notEqual(await signText(await ask(published, 'fedora/base:42'), ed25519, { adoptRecord: true }), '');
  const moved = await ask(published, 'fedora/else:41');
  assert.notEqual(await signText(moved, ed25519), '');
  const [signature = Buffer.alloc(0)] = published;
  const flipped = Buffer.from(signature);
  flipped[100] = (flipped[100] ?? 0) ^ 1;
  for (const rubbish of [flipped, Buffer.from('rubbish'), signature.subarray(0, 50)]) {
    assert.notEqual(await signText(await ask([rubbish], 'fedora/more:41'), ed25519), '');
  }
});

test('a request carries few and small published signatures, and more are refused', async () => {
  const many = Array.from({ length: 20 }, (_, index) => Buffer.from(`signature ${index}`));
  const text = await ask([...many, Buffer.alloc(20_000, 1)], 'fedora/many:41');
  const [, image = '{}'] = text.split('\n');
  const list = (JSON.parse(image) as { published: string[] }).published;
  assert.equal(list.length, 8);
  assert.equal(Buffer.from(list.at(-1) ?? '', 'base64').toString(), 'signature 19');

  const { createRequestParser } = await import('../trust/hand-off/signing-request.ts');
  const read = (published: unknown) => {
    const parser = createRequestParser();
    const [header = ''] = text.split('\n');
    parser.line(Buffer.from(`${header}\n`));
    parser.line(Buffer.from(`${JSON.stringify({ ...JSON.parse(image), published })}\n`));
  };
  read(['AAAA']);
  for (const wrong of [[], {}, null, 'AAAA', ['*'], [1], Array(9).fill('AAAA'), ['AAAA'.repeat(6000)]]) {
    assert.throws(() => read(wrong), { code: 'REQUEST_INVALID' }, JSON.stringify(wrong).slice(0, 80));
  }
});
