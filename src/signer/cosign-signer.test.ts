import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryRawSigner, verifyingKeyOf } from '../../test/fakes/cosign-vectors.ts';
import { buildFourPlatforms } from '../../test/fakes/image-builder.ts';
import { createMemoryNewFile, linesOf } from '../../test/fakes/memory-new-file.ts';
import { createSigningWorld, createTestSigners, signText } from '../../test/fakes/signing-world.ts';
import { createCosignReader, createSigstoreReader } from '../trust/signature-readers.ts';
import { createBundleParser } from '../trust/hand-off/signature-bundle.ts';
import { createCosignSigner } from './cosign-signer.ts';
import type { SigningKey } from './signing-key.ts';
import { createSigstoreSigner } from './sigstore-signer.ts';

const { rsa } = await createTestSigners();
const raw = createMemoryRawSigner();
const own = [verifyingKeyOf(raw)];
const four = buildFourPlatforms();

async function createRequest(): Promise<string> {
  const world = await createSigningWorld();
  await world.stage('fedora/base:41', four);
  return world.request();
}

test('one statement is signed with every key, in the order of the list and its manifests', async () => {
  const keys: readonly SigningKey[] = [
    { signer: createCosignSigner(raw), reader: createCosignReader(own) },
    { signer: createSigstoreSigner(raw), reader: createSigstoreReader(own) },
  ];
  const advanced: string[] = [];
  const advance = (done: number, all: number) => advanced.push(`${done}/${all}`);
  const bundle = await signText(await createRequest(), rsa, { keys, advance });
  const parser = createBundleParser();
  for await (const bytes of linesOf(bundle)) {
    const line = parser.line(bytes);
    if (line.kind === 'header') {
      assert.deepEqual(
        line.header.signers,
        ['cosign', 'sigstore'].map((format) => ({ format, fingerprint: own[0]?.fingerprint })),
      );
    }
    if (line.kind !== 'image') continue;
    const digests = [four.digest, ...four.images.map(({ digest }) => digest)];
    assert.deepEqual(
      line.image.signatures.map(({ format, digest }) => `${format} ${digest}`),
      digests.flatMap((digest) => [`cosign ${digest}`, `sigstore ${digest}`]),
    );
    const said = [];
    for (const [index, { signature }] of line.image.signatures.entries()) {
      const evidence = keys[index % 2]?.reader.read(signature, Date.now());
      assert.ok(evidence?.kind === 'signed');
      const { reference, serial, created, expires } = evidence;
      said.push(JSON.stringify({ reference, serial, created, expires }));
    }
    assert.equal(new Set(said).size, 1);
  }
  assert.deepEqual([advanced.length, advanced.at(-1)], [10, '10/10']);
});

test('a key that signs badly is found out before anything leaves', async () => {
  const request = await createRequest();
  const file = createMemoryNewFile();
  const other = createMemoryRawSigner();
  const broken = {
    'another key': { ...raw, sign: (bytes: Uint8Array) => other.sign(bytes) },
    'other bytes': { ...raw, sign: (bytes: Uint8Array) => raw.sign(bytes.subarray(1)) },
    'no signature': { ...raw, sign: () => Promise.resolve(Buffer.from('nothing')) },
  };
  for (const [name, key] of Object.entries(broken)) {
    for (const keys of [
      [{ signer: createCosignSigner(key), reader: createCosignReader(own) }],
      [{ signer: createSigstoreSigner(key), reader: createSigstoreReader(own) }],
    ]) {
      const createBundle = () => Promise.resolve(file);
      await assert.rejects(signText(request, rsa, { keys, createBundle }), { code: 'TRUST' }, name);
    }
  }
  assert.equal(file.text, undefined);
});
