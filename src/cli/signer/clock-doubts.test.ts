import assert from 'node:assert/strict';
import { test } from 'node:test';
import { refuseClockDoubts } from './clock-doubts.ts';

test('where nobody is asked, a wrong clock is refused unless it is to be ignored', () => {
  const doubts = ['the clock is slow'];
  assert.throws(() => refuseClockDoubts(doubts, { yes: true }), {
    code: 'TRUST',
    message: /the clock is slow\. Nothing was done: .*--ignore-clock/,
  });
  refuseClockDoubts(doubts, { yes: true, ignoreClock: true });
  refuseClockDoubts(doubts, {});
  refuseClockDoubts([], { yes: true });
});
