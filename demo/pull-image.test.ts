import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../src/oci/digest.ts';
import { type Fetch, pullImage, readImage } from './pull-image.ts';
import { buildProgramImage } from './program-image.ts';

const repository = 'https://list.example/v2/demo/app';
const mirror = 'https://mirror.example';

/** A registry that has an image and redirects its blobs to a mirror; `change` damages what it would answer. */
async function createRegistry(change: (url: string, bytes: Buffer) => Buffer = (_, bytes) => bytes) {
  const image = await buildProgramImage({
    name: 'app',
    version: '1',
    license: 'MIT',
    source: 'https://example.org',
    programs: ['amd64', 's390x'].map((architecture) => ({
      platform: { os: 'linux', architecture },
      bytes: Buffer.from(architecture),
    })),
    documents: [],
  });
  const files = new Map<string, Uint8Array>([
    [`${repository}/manifests/1`, image.blobs.get(image.list.digest) ?? Buffer.alloc(0)],
  ]);
  for (const [digest, bytes] of image.blobs) {
    files.set(`${repository}/manifests/${digest}`, bytes);
    files.set(`${mirror}/blobs/${digest}`, bytes);
  }
  const fetch: Fetch = async (_method, url) => {
    const blob = url.startsWith(`${repository}/blobs/`) ? url.slice(repository.length) : undefined;
    const bytes = change(url, Buffer.from(files.get(url) ?? ''));
    const status = blob === undefined ? (files.has(url) ? 200 : 404) : 307;
    const location = blob === undefined ? undefined : `${mirror}${blob}`;
    return { status, location, digest: digestOf(bytes), size: bytes.length, bytes };
  };
  return { fetch, list: image.list.digest };
}

test('all manifests and blobs are fetched, by redirects, and said where they came from', async () => {
  const { fetch, list } = await createRegistry();
  const image = await readImage(fetch, repository, '1');
  assert.equal(image.digest, list);
  const pulled = await pullImage(fetch, repository, image);
  assert.equal(pulled.manifests, 3);
  assert.equal(pulled.blobs.length, 5);
  assert.ok(pulled.blobs.every(({ from }) => from === 'mirror.example'));
});

test('a wrong byte in a manifest or a blob is noticed', async () => {
  const flip = (part: string) => (url: string, bytes: Buffer) => {
    if (url.includes(part) && bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ 1;
    return bytes;
  };
  const manifest = await createRegistry(flip('/manifests/sha256:'));
  await assert.rejects(readImage(manifest.fetch, repository, '1'), { code: 'DIGEST_MISMATCH' });
  const blob = await createRegistry(flip(mirror));
  const image = await readImage(blob.fetch, repository, '1');
  await assert.rejects(pullImage(blob.fetch, repository, image), {
    code: 'DIGEST_MISMATCH',
    message: /https:\/\/mirror\.example\/blobs\/sha256:/,
  });
});

test('a tag that is not there, a missing blob and a circle of redirects are errors', async () => {
  const { fetch } = await createRegistry();
  await assert.rejects(readImage(fetch, repository, '2'), { code: 'UNAVAILABLE', message: /answered 404/ });
  const image = await readImage(fetch, repository, '1');
  const missing: Fetch = async (method, url, headers) => ({
    ...(await fetch(method, url, headers)),
    status: 404,
  });
  await assert.rejects(pullImage(missing, repository, image), { code: 'UNAVAILABLE' });
  const circle: Fetch = async (method, url, headers) => {
    return { ...(await fetch(method, url, headers)), status: 307, location: url };
  };
  await assert.rejects(pullImage(circle, repository, image), { code: 'UNAVAILABLE', message: /more than 3/ });
});
