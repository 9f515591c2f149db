import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatContentRange, parseRange } from './range.ts';

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

test('what is malformed, or several ranges, is served whole', () => {
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
    'bytes=0-1,3-4',
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
