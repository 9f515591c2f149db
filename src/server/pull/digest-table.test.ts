import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { DigestTableBuilder } from './digest-table.ts';

test('what was put in is found, in whatever order it came', () => {
  const digests = Array.from({ length: 20_000 }, (_, index) => digestOf(String(index)));
  for (const order of [digests, digests.toSorted()]) {
    const builder = new DigestTableBuilder();
    for (const [index, digest] of order.entries()) builder.add(digest, index, 2 ** 32 - 1 - index, 7);
    const table = builder.build();
    assert.equal(table.size, 20_000);
    for (const [index, digest] of order.entries()) {
      const entry = table.find(digest);
      assert.equal(table.first(entry), index);
      assert.equal(table.second(entry), 2 ** 32 - 1 - index);
      assert.equal(table.third(entry), 7);
    }
    assert.equal(table.find(digestOf('absent')), -1);
  }
});

test('an empty table finds nothing', () => {
  assert.equal(new DigestTableBuilder().build().find(digestOf('x')), -1);
});

test('digests that share their first or their next 32 bits are told apart', () => {
  const word = fc.constantFrom('00000000', 'ffffffff', '80000000', '00000001');
  const digest = fc.tuple(word, word).map(([high, low]) => `sha256:${high}${low}${'0'.repeat(48)}` as Digest);
  fc.assert(
    fc.property(fc.array(digest), digest, (digests, other) => {
      const builder = new DigestTableBuilder();
      for (const [index, one] of digests.entries()) builder.add(one, index, 0, 0);
      const table = builder.build();
      assert.equal(table.size, new Set(digests).size);
      for (const one of digests) assert.equal(digests[table.first(table.find(one))], one);
      assert.equal(table.find(other) >= 0, digests.includes(other));
    }),
  );
});

test('tables are equal when all of their entries are', () => {
  const build = (...numbers: readonly number[]) => {
    const builder = new DigestTableBuilder();
    for (const number of numbers) builder.add(digestOf(String(number)), number, 0, 0);
    return builder.build();
  };
  assert.ok(build(1, 2).equals(build(2, 1)));
  assert.ok(!build(1, 2).equals(build(1)));
  assert.ok(!build(1).equals(build(2)));
});
