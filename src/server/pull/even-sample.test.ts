import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvenSample } from './even-sample.ts';

test('few are kept whole', () => {
  const sample = new EvenSample<number>(8);
  for (let item = 0; item < 8; item += 1) sample.offer(item);
  assert.deepEqual(sample.kept, [0, 1, 2, 3, 4, 5, 6, 7]);
});

test('of many, a bounded number is kept, at even distances', () => {
  const sample = new EvenSample<number>(8);
  for (let item = 0; item < 1000; item += 1) {
    sample.offer(item);
    const [first = 0, second = 1] = sample.kept;
    assert.ok(sample.kept.length <= 8 && sample.kept.length > Math.min(item, 3));
    sample.kept.forEach((kept, at) => assert.equal(kept, at * (second - first)));
  }
  assert.ok((sample.kept.at(-1) ?? 0) >= 800);
});
