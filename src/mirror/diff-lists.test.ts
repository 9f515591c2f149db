import assert from 'node:assert/strict';
import { test } from 'node:test';
import { diffLists } from './diff-lists.ts';

async function* linesOf(...paths: readonly string[]) {
  yield 'head 1';
  for (const path of paths) yield `${path} 1`;
}

async function diff(before: readonly string[], now: readonly string[]): Promise<readonly string[]> {
  const found = [];
  for await (const { path, what } of diffLists(linesOf(...before), linesOf(...now)))
    found.push(`${what} ${path}`);
  return found;
}

test('what is in one list alone is named, in order, and what is in both is not', async () => {
  assert.deepEqual(await diff(['v/a', 'v/b', 'v/d'], ['v/b', 'v/c', 'v/e']), [
    'gone v/a',
    'new v/c',
    'gone v/d',
    'new v/e',
  ]);
  assert.deepEqual(await diff(['v/a', 'v/b'], ['v/a', 'v/b']), []);
  assert.deepEqual(await diff(['v/a'], []), ['gone v/a']);
  assert.deepEqual(await diff([], ['v/a']), ['new v/a']);
});
