import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { digestOf } from '../../oci/digest.ts';
import type { ByteRange } from '../../oci/range.ts';
import { parseRepositoryName } from '../../oci/reference.ts';
import {
  evidenceRanges,
  ordinaryRange,
  pieces,
  pieceSize,
  severalRanges,
  wholeCheckSize,
} from './check-ranges.ts';
import { EvidenceSweep } from './evidence-sweep.ts';
import { HourlyBudget } from './hourly-budget.ts';

const sizes = fc.integer({ min: 1, max: 200_000_000 });
const valid = ({ start, end }: ByteRange, size: number) => start >= 0 && end >= start && end < size;
const repository = parseRepositoryName('test/image');

suite('the ranges of a probe', () => {
  test('are several where a blob is large enough: in it, and apart from each other', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const ranges = severalRanges(size) ?? [];
        assert.equal(ranges.length, size < 2048 ? 0 : 2);
        assert.ok(ranges.every((range) => valid(range, size)));
        const [first, second] = ranges;
        assert.ok(first === undefined || second === undefined || second.start > first.end + 1);
      }),
    );
  });

  test('lie within the blob, one piece long at most', () => {
    const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    fc.assert(
      fc.property(sizes, random, random, (size, first, second) => {
        const draws = [first, second];
        const range = ordinaryRange(size, () => draws.shift() ?? 0);
        assert.ok(valid(range, size));
        assert.equal(range.end - range.start + 1, Math.min(size, pieceSize));
      }),
    );
  });

  test('are the end of the blob often, and any other part, too', () => {
    assert.equal(ordinaryRange(1_000_000, () => 0.2).end, 999_999);
    const draws = [0.9, 0.5];
    const range = ordinaryRange(1_000_000, () => draws.shift() ?? 0);
    assert.ok(range.start > 400_000 && range.end < 600_000);
  });

  test('on evidence, cover all of a small blob and the start, middle and end of a large one', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const ranges = evidenceRanges(size);
        assert.ok(ranges.every((range) => valid(range, size)));
        if (size > wholeCheckSize) assert.equal(ranges.length, 3);
        else assert.deepEqual(ranges, pieces(0, size));
        assert.equal(ranges[0]?.start, 0);
        assert.equal(ranges.at(-1)?.end, size - 1);
      }),
    );
  });

  test('of pieces follow one another without a gap', () => {
    fc.assert(
      fc.property(fc.nat(10_000_000), fc.nat(20_000_000), (from, length) => {
        let at = from;
        for (const { start, end } of pieces(from, from + length)) {
          assert.equal(start, at);
          at = end + 1;
        }
        assert.equal(at, from + length);
      }),
    );
  });
});

test('a sweep reads every byte of a blob once, and again only after a minute', () => {
  const target = { repository, digest: digestOf('x'), size: 40_000_000 };
  const sweep = new EvidenceSweep();
  const read: number[] = [];
  for (let step = sweep.next(target, 0); step !== undefined; step = sweep.next(target, 0)) {
    read.push(step.upTo);
    sweep.passed(step, 0);
  }
  assert.deepEqual(read, [16_777_216, 33_554_432, 40_000_000]);
  assert.equal(sweep.next(target, 59_999), undefined);
  assert.equal(sweep.next(target, 60_000)?.upTo, 16_777_216);
});

test('a sweep that did not pass is not gone on from', () => {
  const target = { repository, digest: digestOf('x'), size: 40_000_000 };
  const sweep = new EvidenceSweep();
  assert.deepEqual(sweep.next(target, 0), sweep.next(target, 1));
});

test('an hourly budget gives its limit at once and then steadily', () => {
  const budget = new HourlyBudget(() => 3600, 0);
  assert.equal(budget.hasLeft(0, 3599), true);
  assert.equal(budget.hasLeft(0, 3600), false);
  budget.spend(3610, 0);
  assert.equal(budget.hasLeft(10_000), false, 'a debt is paid back first');
  assert.equal(budget.hasLeft(11_000), true);
  assert.equal(budget.hasLeft(1e9, 3600), false, 'it never holds more than its limit');
});
