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

test('the failure that came first is thrown, and the others are told to stop', async () => {
  const working = inParallel(items, 3, async (item, stop) => {
    if (item === 2) throw new Error('the disk is full');
    while (!stop.aborted) await turn();
    throw new Error('stopped');
  });
  await assert.rejects(working, /the disk is full/);
});

test('items may come late; their source is closed, and its failure is thrown after all work has ended', async () => {
  let closed = 0;
  async function* source(failing: boolean) {
    try {
      for (const item of items) {
        if (failing && item === 5) throw new Error('cannot list the folder');
        await turn();
        yield item;
      }
    } finally {
      closed += 1;
    }
  }
  let [begun, ended] = [0, 0];
  const work = async () => {
    begun += 1;
    await turn();
    await turn();
    ended += 1;
  };
  await assert.rejects(inParallel(source(true), 3, work), /cannot list the folder/);
  assert.deepEqual([begun, ended, closed], [5, 5, 1]);
  const fails = () => Promise.reject(new Error('the disk is full'));
  await assert.rejects(inParallel(source(false), 3, fails), /the disk is full/);
  assert.equal(closed, 2);
});

test('a pool that could do nothing is refused', async () => {
  for (const limit of [0, -1, 0.5, Number.NaN]) {
    await assert.rejects(
      inParallel(items, limit, () => Promise.resolve()),
      RangeError,
    );
  }
});
