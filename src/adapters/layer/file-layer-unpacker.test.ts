import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fails } from '../../../test/fakes/expect-error.ts';
import { createMemoryLayers } from '../../../test/fakes/memory-layers.ts';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import type { UnpackedLayer } from '../../ports/layer-unpacker.ts';
import { blobPath, stagingPaths } from '../tree/tree-paths.ts';
import { createFileLayerUnpacker } from './file-layer-unpacker.ts';

const repository = parseRepositoryName('a/b');
const options = { limit: 100_000_000, signal: new AbortController().signal };
const small = Buffer.from('a small layer');
// Larger than what is unpacked without a thread.
const large = Buffer.concat([randomBytes(5_000_000), Buffer.alloc(5_000_000)]);

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signpost-layers-'));
});
after(() => rm(folder, { recursive: true, force: true }));

async function put(bytes: Buffer): Promise<Digest> {
  const digest = digestOf(bytes);
  for (const path of [
    stagingPaths(join(folder, 'staging')).blob(digest),
    blobPath(join(folder, 'tree'), repository, digest),
  ]) {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
  return digest;
}

const unpacker = () =>
  createFileLayerUnpacker({ staging: join(folder, 'staging'), tree: join(folder, 'tree') });

describe('a layer of the staging area and of the tree', () => {
  for (const [size, content] of Object.entries({ small, large })) {
    for (const [how, bytes] of Object.entries({
      plain: content,
      gzip: gzipSync(content),
      'two parts of gzip': Buffer.concat([gzipSync(content.subarray(0, 7)), gzipSync(content.subarray(7))]),
      zstd: zstdCompressSync(content),
    })) {
      test(`is unpacked and hashed: ${size}, ${how}`, async () => {
        const digest = await put(bytes);
        const expected: UnpackedLayer = { kind: 'unpacked', diffId: digestOf(content) };
        for (const from of ['staging', repository] as const) {
          assert.deepEqual(await unpacker().unpack(digest, from, options), expected);
          const fake = createMemoryLayers(
            new Map([[digest, bytes]]),
            new Map([[`${repository}@${digest}`, bytes]]),
          );
          assert.deepEqual(await fake.unpack(digest, from, options), expected);
        }
      });
    }

    for (const [what, bytes, limit] of [
      ['cut off', gzipSync(content).subarray(0, -1), 100_000_000],
      ['cut off, zstd', zstdCompressSync(content).subarray(0, -1), 100_000_000],
      ['with something behind it', Buffer.concat([gzipSync(content), Buffer.from('more')]), 100_000_000],
      [
        'with something behind it, zstd',
        Buffer.concat([zstdCompressSync(content), Buffer.from('more')]),
        100_000_000,
      ],
      ['that unpacks to more than allowed', gzipSync(content), content.length - 1],
    ] as const) {
      test(`is damaged: ${size}, ${what}`, async () => {
        const digest = await put(bytes);
        const { kind } = await unpacker().unpack(digest, 'staging', { ...options, limit });
        assert.equal(kind, 'damaged');
      });
    }
  }

  test('is unknown in a compression that is not read', async () => {
    const digest = await put(Buffer.from('fd377a585a000000', 'hex'));
    assert.deepEqual(await unpacker().unpack(digest, 'staging', options), {
      kind: 'unknown',
      compression: 'xz',
    });
  });

  test('that is gone is said so', async () => {
    const digest = digestOf('nobody has it');
    await assert.rejects(unpacker().unpack(digest, 'staging', options), fails('NOT_FOUND', 'gone'));
  });

  test('is left alone when a signal says so', async () => {
    for (const content of [small, large]) {
      const digest = await put(gzipSync(content));
      const stop = new AbortController();
      const unpacking = unpacker().unpack(digest, 'staging', { ...options, signal: stop.signal });
      stop.abort();
      await assert.rejects(unpacking, fails('CANCELLED', ''));
    }
  });
});
