import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { asksForSeveral, formatContentRange, parseRange } from './range.ts';

const part = (start: number, end: number) => ({ kind: 'part', range: { start, end } });

test('the forms of RFC 9110, section 14.1.2', () => {
  assert.deepEqual(parseRange('bytes=0-499', 10_000), part(0, 499));
  assert.deepEqual(parseRange('bytes=500-999', 10_000), part(500, 999));
  assert.deepEqual(parseRange('bytes=-500', 10_000), part(9500, 9999));
  assert.deepEqual(parseRange('bytes=9500-', 10_000), part(9500, 9999));
  assert.deepEqual(parseRange('bytes=0-0', 10_000), part(0, 0));
  assert.deepEqual(parseRange('bytes=-1', 10_000), part(9999, 9999));
  assert.equal(formatContentRange({ start: 0, end: 499 }, 10_000), 'bytes 0-499/10000');
});

test('an end beyond the last byte is the last byte', () => {
  assert.deepEqual(parseRange('bytes=5-99999', 10), part(5, 9));
  assert.deepEqual(parseRange('bytes=-99999', 10), part(0, 9));
});

test('a start beyond the last byte cannot be satisfied', () => {
  for (const header of ['bytes=10-', 'bytes=10-20', 'bytes=-0']) {
    assert.deepEqual(parseRange(header, 10), { kind: 'unsatisfiable' });
  }
  assert.deepEqual(parseRange('bytes=0-', 0), { kind: 'unsatisfiable' });
});

test('several parts come in the order in which they were asked for, those that there are', () => {
  const parts = (...ranges: [number, number][]) => ({
    kind: 'parts',
    ranges: ranges.map(([start, end]) => ({ start, end })),
  });
  assert.deepEqual(parseRange('bytes=0-1,3-4', 10), parts([0, 1], [3, 4]));
  assert.deepEqual(parseRange('bytes=8-, 0-1 ,-0,99-', 10), parts([8, 9], [0, 1]));
  assert.deepEqual(parseRange('bytes=4-5,99-100', 10), part(4, 5));
  assert.deepEqual(parseRange('bytes=0-1,2-3', 10), parts([0, 1], [2, 3]));
  assert.deepEqual(parseRange('bytes=10-11,12-', 10), { kind: 'unsatisfiable' });
  const most = `bytes=${Array.from({ length: 64 }, (_, index) => `${index * 2}-${index * 2}`).join(', ')}`;
  const found = parseRange(most, 1000);
  assert.ok(found.kind === 'parts' && found.ranges.length === 64);
  assert.deepEqual(parseRange(`${most},500-500`, 1000), { kind: 'whole' });
});

test('parts are inside the representation, and no byte is in two of them', () => {
  const spec = fc.tuple(fc.nat(300), fc.nat(300)).map(([a, b]) => `${a}-${a + b}`);
  fc.assert(
    fc.property(fc.array(spec, { minLength: 2, maxLength: 6 }), fc.nat(400), (specs, size) => {
      const result = parseRange(`bytes=${specs.join(',')}`, size);
      if (result.kind !== 'parts') return;
      const seen = new Set<number>();
      for (const { start, end } of result.ranges) {
        assert.ok(start <= end && end < size);
        for (let at = start; at <= end; at += 1) {
          assert.ok(!seen.has(at));
          seen.add(at);
        }
      }
    }),
  );
});

test('several parts are asked for by more than one, however many', () => {
  for (const header of ['bytes=0-1,2-3', ` bytes=${'1-1,'.repeat(2000)}`]) assert.ok(asksForSeveral(header));
  for (const header of [undefined, 'bytes=0-1', 'lines=0-1,2-3']) assert.ok(!asksForSeveral(header));
});

test('what is malformed, too much, or overlaps is served whole', () => {
  const thousand = `bytes=${Array.from({ length: 1000 }, (_, index) => `${index}-${index}`).join(',')}`;
  for (const header of [
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=5-4',
    'bits=0-1',
    'bytes=0-4,3-5',
    'bytes=3-,-2',
    'bytes=0-1,x',
    'bytes=0-1,',
    'bytes=--5',
    'bytes=0x1-2',
    'bytes=99999999999999999999-',
    thousand,
  ]) {
    assert.deepEqual(parseRange(header, 10), { kind: 'whole' }, String(header));
  }
});

test('a part is always inside the representation', () => {
  fc.assert(
    fc.property(
      fc.nat(),
      fc.nat(),
      fc.nat(),
      fc.constantFrom('both', 'first', 'last'),
      (a, b, size, form) => {
        const header = form === 'both' ? `bytes=${a}-${b}` : form === 'first' ? `bytes=${a}-` : `bytes=-${b}`;
        const result = parseRange(header, size);
        if (result.kind !== 'part') return;
        assert.ok(
          0 <= result.range.start && result.range.start <= result.range.end && result.range.end < size,
        );
      },
    ),
  );
});
