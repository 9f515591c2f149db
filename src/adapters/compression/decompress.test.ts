import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { fails } from '../../../test/fakes/expect-error.ts';
import { decompress } from './decompress.ts';

const bytes = Buffer.alloc(300_000, 'signpost');
const packed = { gzip: gzipSync(bytes), zstd: zstdCompressSync(bytes) };

async function unpack(compression: 'gzip' | 'zstd', limit: number, input: Uint8Array = packed[compression]) {
  const pieces: Buffer[] = [];
  async function* source() {
    yield input;
  }
  for await (const piece of decompress(source(), compression, limit, 'the layer')) pieces.push(piece);
  return Buffer.concat(pieces);
}

for (const compression of ['gzip', 'zstd'] as const) {
  test(`${compression}: what unpacks to exactly the limit is taken, and a byte more is refused`, async () => {
    assert.deepEqual(await unpack(compression, bytes.length), bytes);
    await assert.rejects(
      unpack(compression, bytes.length - 1),
      fails('LIMIT_EXCEEDED', 'the layer unpacks to more than 299999 bytes'),
    );
  });

  test(`${compression}: what is cut short, or followed by something else, is refused`, async () => {
    const whole = packed[compression];
    await assert.rejects(
      unpack(compression, bytes.length, whole.subarray(0, whole.length - 5)),
      fails('SOURCE_INVALID', 'the layer'),
    );
    await assert.rejects(
      unpack(compression, bytes.length, Buffer.concat([whole, Buffer.from('more that is no frame')])),
      fails('SOURCE_INVALID', 'the layer'),
    );
  });
}
