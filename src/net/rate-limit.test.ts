import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRateLimit } from './rate-limit.ts';

test('a key has a minute of requests at once, and earns more steadily', () => {
  const limit = createRateLimit({ burst: 60, perMinute: 60 });
  const answers = Array.from({ length: 61 }, () => limit.take('one', 1, 0));
  assert.deepEqual([answers.indexOf(1), new Set(answers)], [60, new Set([0, 1])]);
  assert.equal(limit.take('other', 1, 0), 0);
  assert.equal(limit.take('one', 1, 999), 1);
  assert.equal(limit.take('one', 1, 2000), 0);
});

test('a burst may be less than a minute of requests, and who never stops asking gets what is due', () => {
  const limit = createRateLimit({ burst: 5, perMinute: 60 });
  let granted = 0;
  for (let now = 0; now < 60_000; now += 10) if (limit.take('one', 1, now) === 0) granted += 1;
  assert.ok(granted >= 63 && granted <= 65, `${granted}`);
});

test('what costs more is gone sooner, and a clock that goes back gives nothing', () => {
  const limit = createRateLimit({ burst: 60, perMinute: 60 });
  for (let round = 0; round < 6; round += 1) assert.equal(limit.take('guesser', 10, 1000), 0);
  assert.ok(limit.take('guesser', 10, 1000) > 0);
  assert.ok(limit.take('guesser', 1, 0) > 0);
});

test('only so many keys are remembered', () => {
  const limit = createRateLimit({ burst: 1, perMinute: 1, keys: 2 });
  limit.take('first', 1, 0);
  limit.take('second', 1, 0);
  limit.take('third', 1, 0);
  assert.equal(limit.take('first', 1, 0), 0);
  assert.ok(limit.take('third', 1, 0) > 0);
});
