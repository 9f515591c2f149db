import assert from 'node:assert/strict';
import { test } from 'node:test';
import { waitForAll } from './wait-for-all.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('the results come in the order of the promises', async () => {
  const late = turn().then(() => 'late');
  assert.deepEqual(await waitForAll([late, Promise.resolve(2)]), ['late', 2]);
  assert.deepEqual(await waitForAll([]), []);
});

test('a failure is thrown once all others have ended', async () => {
  let ended = false;
  const slow = (async () => {
    await turn();
    await turn();
    ended = true;
  })();
  await assert.rejects(waitForAll([Promise.reject(new Error('first')), slow]), /first/);
  assert.ok(ended, 'one went on after the failure had been thrown');
});
