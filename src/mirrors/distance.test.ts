import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bandCount, bandOf, distanceBetween } from './distance.ts';

const place = fc.record({
  latitude: fc.double({ min: -90, max: 90, noNaN: true }),
  longitude: fc.double({ min: -180, max: 180, noNaN: true }),
});

test('known distances come out right', () => {
  const berlin = { latitude: 52.52, longitude: 13.405 };
  const sydney = { latitude: -33.869, longitude: 151.209 };
  const paris = { latitude: 48.857, longitude: 2.352 };
  assert.ok(Math.abs(distanceBetween(berlin, paris) - 878) < 3);
  assert.ok(Math.abs(distanceBetween(berlin, sydney) - 16_095) < 30);
  // Across the date line the short way counts.
  const west = { latitude: 0, longitude: 179.5 };
  assert.ok(distanceBetween(west, { latitude: 0, longitude: -179.5 }) < 112);
});

test('a distance is the same both ways, never more than half the girth, and none to itself', () => {
  fc.assert(
    fc.property(place, place, (one, other) => {
      const distance = distanceBetween(one, other);
      assert.ok(distance >= 0 && distance <= 20_016, String(distance));
      assert.ok(Math.abs(distance - distanceBetween(other, one)) < 1e-6);
      assert.equal(distanceBetween(one, one), 0);
    }),
  );
});

test('bands are cut below their edges, and an unknown distance is in the last', () => {
  assert.deepEqual(
    [0, 249, 250, 499, 500, 1999, 2000, 7999, 8000, 20_015].map(bandOf),
    [0, 0, 1, 1, 2, 3, 4, 5, 6, 6],
  );
  assert.equal(bandOf(undefined), bandCount - 1);
});
