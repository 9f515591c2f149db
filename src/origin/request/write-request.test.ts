import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { createMemoryNewFile, linesOf } from '../../../test/fakes/memory-new-file.ts';
import { createSigningWorld } from '../../../test/fakes/signing-world.ts';
import { createFileSealSigner } from '../../adapters/keys/file-seal-signer.ts';
import { parseSealKey, readSealEvidence } from '../../trust/hand-off/seal.ts';
import { createRequestParser } from '../../trust/hand-off/signing-request.ts';
import { writeRequest } from './write-request.ts';

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const requester = await createFileSealSigner(
  { name: 'requester.pem', bytes: Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' })) },
  () => Promise.reject(new Error('no passphrase is needed')),
);
const key = parseSealKey(publicKey.export({ format: 'pem', type: 'spki' }), 'requester.pub');

async function write(sealed: boolean): Promise<string> {
  const world = await createSigningWorld();
  await world.stage('fedora/base:41', buildFourPlatforms());
  const file = createMemoryNewFile();
  const deps = { ...world, nonce: () => '0'.repeat(32), createFile: () => Promise.resolve(file) };
  await writeRequest(sealed ? { ...deps, requester } : deps, () => true);
  return file.text ?? '';
}

async function read(text: string) {
  const parser = createRequestParser();
  for await (const line of linesOf(text)) parser.line(line);
  parser.end();
  return parser.sealed();
}

test('a request carries the seal of its requester', async () => {
  const { seal, message } = await read(await write(true));
  assert.deepEqual(readSealEvidence(seal, message, [key]), { kind: 'sealed', key: key.id });
});

test('without a requester there is no seal', async () => {
  assert.equal((await read(await write(false))).seal, undefined);
});

test('a seal taken from another request is forged there', async () => {
  const { seal } = await read(await write(true));
  const other = (await write(false)).replace('"serial":1', '"serial":2');
  const { createHash } = await import('node:crypto');
  const lines = other.split(/(?<=\n)/).slice(0, -1);
  const sha256 = createHash('sha256').update(lines.join('')).digest('hex');
  const end = {
    end: true,
    images: lines.length - 1,
    sha256,
    seal: { key: seal?.key, signature: Buffer.from(seal?.signature ?? []).toString('base64') },
  };
  const moved = await read(`${lines.join('')}${JSON.stringify(end)}\n`);
  assert.equal(readSealEvidence(moved.seal, moved.message, [key]).kind, 'forged');
});

test('a seal that is not one spoils the request', async () => {
  const text = await write(true);
  for (const [from, to] of [
    ['"seal":{', '"seal":{"more":1,'],
    [/"signature":"[^"]*"/, '"signature":"*"'],
    [/"signature":"[^"]*"/, `"signature":"${'AAAA'.repeat(100)}"`],
    [/"key":"[^"]*"/, '"key":"md5:0"'],
    [/"seal":\{.*\}\}/, '"seal":null}'],
  ] as const) {
    await assert.rejects(read(text.replace(from, to)), { code: 'REQUEST_INVALID' }, to);
  }
});
