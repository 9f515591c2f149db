import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Digest, digestOf } from '../oci/digest.ts';
import { DigestTableBuilder } from './digest-table.ts';

const noPause = async () => {};

test('what was put in is found, in its repository only', async () => {
  const builder = new DigestTableBuilder();
  const digests = Array.from({ length: 40_000 }, (_, index) => digestOf(String(index % 20_000)));
  for (const [index, digest] of digests.entries()) {
    builder.add(digest, Math.floor(index / 20_000), index, 2 ** 32 - 1 - index, 7);
  }
  const table = await builder.build(noPause);
  assert.equal(table.size, 40_000);
  for (const [index, digest] of digests.entries()) {
    const entry = table.find(digest, Math.floor(index / 20_000));
    assert.equal(table.first(entry), index);
    assert.equal(table.second(entry), 2 ** 32 - 1 - index);
    assert.equal(table.third(entry), 7);
    assert.equal(table.find(digest, 2), -1);
  }
  assert.equal(table.find(digestOf('absent'), 0), -1);
});

test('an empty table finds nothing', async () => {
  assert.equal((await new DigestTableBuilder().build(noPause)).find(digestOf('x'), 0), -1);
});

test('digests that share their first or their next 32 bits are told apart', async () => {
  const word = fc.constantFrom('00000000', 'ffffffff', '80000000', '00000001');
  const digest = fc.tuple(word, word).map(([high, low]) => `sha256:${high}${low}${'0'.repeat(48)}` as Digest);
  const key = fc.tuple(digest, fc.nat(3));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(key, { selector: String }), key, async (keys, other) => {
      const builder = new DigestTableBuilder();
      for (const [index, [digest, repository]] of keys.entries())
        builder.add(digest, repository, index, 0, 0);
      const table = await builder.build(noPause);
      for (const [index, [digest, repository]] of keys.entries()) {
        assert.equal(table.first(table.find(digest, repository)), index);
      }
      const known = keys.some((one) => String(one) === String(other));
      assert.equal(table.find(...other) >= 0, known);
    }),
  );
});
