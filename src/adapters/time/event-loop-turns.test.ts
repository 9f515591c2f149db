import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEventLoopTurns } from './event-loop-turns.ts';

/** How many of `count` pauses let something else run. */
async function turnsGiven(pause: () => Promise<void>, count: number): Promise<number> {
  let given = 0;
  for (let index = 0; index < count; index += 1) {
    let ran = false;
    const immediate = setImmediate(() => {
      ran = true;
    });
    await pause();
    if (ran) given += 1;
    clearImmediate(immediate);
  }
  return given;
}

test('the event loop gets its turn when the time is up', async () => {
  assert.equal(await turnsGiven(createEventLoopTurns(0), 100), 100);
});

test('before that, a pause gives no turn', async () => {
  assert.equal(await turnsGiven(createEventLoopTurns(3_600_000), 100), 0);
});
