import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findMutants } from './find-mutants.ts';

const mutated = (source: string) =>
  findMutants('one.ts', source).map(
    ({ start, end, replacement }) => source.slice(0, start) + replacement + source.slice(end),
  );

test('moves the boundary of a comparison, and turns it around', () => {
  assert.deepEqual(mutated('const x = a < b;'), ['const x = a <= b;', 'const x = a >= b;']);
});

test('swaps and with or, drops a negation, flips a boolean', () => {
  assert.deepEqual(mutated('f(!a || b, true);'), [
    'f(a || b, true);',
    'f(!a && b, true);',
    'f(!a || b, false);',
  ]);
});

test('never takes the branch of an if', () => {
  assert.deepEqual(mutated('if (a) b();'), ['if (false) b();']);
});

test('leaves types and texts alone', () => {
  assert.deepEqual(mutated("type T = { a: true };\nconst x: A<B> = 'a' + b;"), []);
});

test('says where a mutant is and what it changes', () => {
  assert.deepEqual(findMutants('one.ts', 'f();\ng(a === b);'), [
    { start: 9, end: 12, replacement: '!==', line: 2, change: '=== to !==' },
  ]);
});
