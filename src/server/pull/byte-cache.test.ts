import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { ByteCache } from './byte-cache.ts';
import { createVerifiedContent } from './verified-content.ts';

test('a cache keeps within its bytes, and loses what was used longest ago', () => {
  const cache = new ByteCache<number>(10_000);
  for (let key = 0; key < 9; key += 1) cache.set(String(key), key, 800);
  assert.equal(cache.get('0'), 0);
  cache.set('9', 9, 800);
  cache.set('10', 10, 800);
  assert.ok(cache.bytes <= 10_000);
  assert.equal(cache.get('0'), 0, 'it was used');
  assert.equal(cache.get('1'), undefined);
});

test('replacing an entry does not count it twice, and what is too large is not kept', () => {
  const cache = new ByteCache<number>(10_000);
  for (let round = 0; round < 100; round += 1) cache.set('same', round, 500);
  assert.equal(cache.get('same'), 99);
  assert.ok(cache.bytes < 1000);
  cache.set('large', 1, 9000);
  assert.equal(cache.get('large'), undefined);
  cache.clear();
  assert.equal(cache.bytes, 0);
});

test('content is read once for those who wait together, and checked', async () => {
  const contents = createVerifiedContent(100_000);
  const bytes = Buffer.from('content');
  const digest = digestOf(bytes);
  let reads = 0;
  const read = async () => {
    reads += 1;
    return bytes;
  };
  assert.equal(contents.get(digest), undefined);
  const all = await Promise.all([1, 2, 3].map(() => contents.load(digest, bytes.length, read)));
  assert.deepEqual(all, [bytes, bytes, bytes]);
  assert.equal(contents.get(digest), bytes);
  assert.equal(await contents.load(digest, bytes.length, read), bytes);
  assert.equal(reads, 1);
});

test('damaged content is an error each time, and is not kept', async () => {
  const contents = createVerifiedContent(100_000);
  const digest = digestOf('content');
  for (const damaged of ['Content', 'contents', '']) {
    const loading = contents.load(digest, damaged.length, async () => Buffer.from(damaged));
    await assert.rejects(loading, { code: 'DIGEST_MISMATCH' });
  }
  await assert.rejects(
    contents.load(digest, 8, async () => Buffer.from('content')),
    { code: 'DIGEST_MISMATCH' },
  );
  assert.equal((await contents.load(digest, 7, async () => Buffer.from('content'))).toString(), 'content');
});
