import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ClientConnection, isAnotherMachine, rememberConnection } from './client-connection.ts';

const connection = (as: Partial<ClientConnection> = {}): ClientConnection => ({
  isOpen: true,
  isNew: false,
  beganPull: false,
  ...as,
});
const [beginning, recycled] = [connection({ beganPull: true }), connection()];

test('another machine is one that opens a connection, or begins a pull, while those before it are open', () => {
  for (const [asking, before, expected] of [
    [connection({ isNew: true }), [recycled], true],
    [connection({ beganPull: true }), [beginning], true],
    [connection({ beganPull: true }), [recycled, beginning], true],
    // What can be the same program is taken for it.
    [connection({ beganPull: true }), [recycled], false],
    [connection(), [beginning], false],
    [beginning, [recycled, beginning], false],
    [undefined, [beginning], false],
    [connection({ isNew: true, beganPull: true }), [connection({ isOpen: false, beganPull: true })], false],
    [connection({ isNew: true, beganPull: true }), [], false],
  ] as const) {
    assert.equal(isAnotherMachine(asking, before), expected);
  }
});

test('the latest connections are remembered, each once', () => {
  const all = Array.from({ length: 20 }, () => connection());
  let kept: readonly ClientConnection[] = [];
  for (const one of all) kept = rememberConnection(kept, one);
  assert.deepEqual(kept, all.slice(-8));
  const again = rememberConnection(kept, all[15]);
  assert.equal(again.length, 8);
  assert.equal(again.at(-1), all[15]);
  assert.equal(rememberConnection(again, all[15]), again);
  assert.equal(rememberConnection(again, undefined), again);
});
