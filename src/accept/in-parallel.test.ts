import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inParallel } from './in-parallel.ts';

const items = Array.from({ length: 20 }, (_, index) => index);
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('everything is done once, with never more at once than allowed', async () => {
  const done: number[] = [];
  let running = 0;
  let most = 0;
  await inParallel(items, 3, async (item) => {
    most = Math.max(most, (running += 1));
    await turn();
    running -= 1;
    done.push(item);
  });
  assert.deepEqual(
    done.sort((a, b) => a - b),
    items,
  );
  assert.equal(most, 3);
  await inParallel([], 3, () => Promise.reject(new Error('nothing to do')));
});

test('after a failure nothing new begins, and what had begun has ended', async () => {
  let begun = 0;
  let ended = 0;
  const working = inParallel(items, 3, async (item) => {
    begun += 1;
    if (item === 1) throw new Error('the disk is full');
    await turn();
    await turn();
    ended += 1;
  });
  await assert.rejects(working, /the disk is full/);
  assert.equal(begun, 3);
  assert.equal(ended, 2);
});
