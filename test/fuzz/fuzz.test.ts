import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeError } from './judge-error.ts';
import { mutate } from './mutate.ts';
import { createRandom } from './random.ts';
import { openReaders } from './readers.ts';
import { SignpostError } from '../../src/oci/errors.ts';

test('every seed is read: what begins broken finds nothing', async () => {
  const refused: string[] = [];
  for (const { name, seeds, read } of await openReaders()) {
    assert.ok(seeds.length > 0, name);
    for (const [at, seed] of seeds.entries()) {
      try {
        await read(Buffer.from(seed));
      } catch (error) {
        refused.push(`${name}, seed ${at}: ${(error as Error).message}`);
      }
    }
  }
  assert.deepEqual(refused, []);
});

test('the same seed gives the same inputs', () => {
  const make = (seed: number) => {
    const random = createRandom(seed);
    const start = Buffer.from('{"a":[1,2,{"b":"c"}]}');
    return Array.from({ length: 50 }, () => mutate(start, random, [start]).toString('latin1'));
  };
  assert.deepEqual(make(7), make(7));
  assert.notDeepEqual(make(7), make(8));
  assert.ok(new Set(make(7)).size > 30);
});

test('what counts as a fault', () => {
  assert.equal(judgeError(new SignpostError('STORAGE', 'fine: "\\u009b"\nand another line')), undefined);
  for (const error of [
    new TypeError('x'),
    'text',
    undefined,
    new SignpostError('STORAGE', 'x'.repeat(10_000)),
    new SignpostError('STORAGE', '\u009b31m'),
    new SignpostError('STORAGE', '\u202e'),
  ]) {
    assert.notEqual(judgeError(error), undefined);
  }
});
