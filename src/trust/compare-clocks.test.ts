import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clockTolerance,
  describeClockDoubts,
  describeSignerClock,
  describeSlowClock,
  usualRequestAge,
} from './compare-clocks.ts';

const now = Date.UTC(2026, 6, 1);
const dated = (created: number, ...signed: readonly number[]) => ({
  header: { created: created / 1000 },
  images: [{}, ...signed.map((time) => ({ previous: { signed: time } }))],
});
const doubts = (created: number, ...signed: readonly number[]) =>
  describeClockDoubts(dated(created, ...signed), usualRequestAge, now);

test('a request of today is no reason to ask', () => {
  for (const created of [now, now + clockTolerance, now - usualRequestAge]) {
    assert.deepEqual(doubts(created, now + clockTolerance), [], String(created - now));
  }
});

test('a request of the future or of long ago, and a clock that went back, are asked about', () => {
  assert.match(
    doubts(now + clockTolerance + 1000)[0] ?? '',
    /in the future: this machine's clock says 2026-07-01/,
  );
  assert.match(doubts(now - usualRequestAge - 1000)[0] ?? '', /kept the request back, or a clock is wrong/);
  assert.match(
    doubts(now, now + clockTolerance + 1)[0] ?? '',
    /but it signed on 2026-07-01T00:05:00.001Z: set the clock/,
  );
  assert.equal(doubts(now + 10 * clockTolerance, now + 2 * clockTolerance).length, 2);
});

test('a bundle of the future, or of before what it signs was staged, names the clock', () => {
  assert.equal(describeSignerClock(now, now, now), undefined);
  assert.equal(describeSignerClock(now + clockTolerance, 0, now), undefined);
  assert.equal(describeSignerClock(now - clockTolerance, now, now), undefined);
  assert.match(describeSignerClock(now + clockTolerance + 1, 0, now) ?? '', /the signer's clock is fast/);
  assert.match(describeSignerClock(now - clockTolerance - 1, now, now) ?? '', /the signer's clock is slow/);
});

test('what is published and was signed in the future says that the clock here is slow', () => {
  assert.equal(describeSlowClock(now + clockTolerance, now), undefined);
  assert.match(describeSlowClock(now + clockTolerance + 1, now) ?? '', /the clock here is slow/);
});
