import assert from 'node:assert/strict';
import { test } from 'node:test';
import { summarise } from './summarise-propagation.ts';

test('says how long it took until half, nine tenths and all of the mirrors held a publication', () => {
  const sample = (serial: number, at: number, holding: number) => ({ serial, at, holding, mirrors: 10 });
  const spreads = summarise([
    sample(8, 500, 0),
    sample(8, 600, 4),
    sample(7, 100, 2),
    sample(7, 150, 5),
    sample(7, 180, 8),
    sample(7, 220, 10),
    { serial: 6, at: 1, holding: 0, mirrors: 0 },
  ]);
  assert.deepEqual(
    spreads.map(({ serial, half, most, all }) => [serial, half, most, all]),
    [
      [8, undefined, undefined, undefined],
      [7, 50, 120, 120],
      [6, undefined, undefined, undefined],
    ],
  );
});
