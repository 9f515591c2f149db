import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTerm, firstOf, stateOf } from './term.ts';

test('a life is good until a third of it is left, then due, then over', () => {
  const term = createTerm(300, 0);
  assert.deepEqual(
    [0, 200, 201, 299, 300, 400].map((now) => stateOf(term, now)),
    ['good', 'good', 'due', 'due', 'expired', 'expired'],
  );
  assert.equal(stateOf(createTerm(300, undefined), 0), 'unreadable');
  assert.equal(stateOf(createTerm(300, undefined), 300), 'expired');
});

test('of several, the first to be due and the first to expire count, though they are different ones', () => {
  const long = createTerm(900, 0);
  const short = createTerm(700, 600);
  const both = firstOf(firstOf(undefined, long), short);
  assert.deepEqual(
    [599, 601, 699, 700].map((now) => stateOf(both, now)),
    ['good', 'due', 'due', 'expired'],
  );
  assert.equal(stateOf(firstOf(both, createTerm(10_000, undefined)), 0), 'unreadable');
});
