import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { NewestSample } from './newest-sample.ts';

test('keeps the newest, whatever the order in which they come', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50)), fc.integer({ min: 1, max: 8 }), (serials, limit) => {
      const sample = new NewestSample<{ serial: number }>(limit);
      for (const serial of serials) sample.offer({ serial });
      const newest = serials.toSorted((one, other) => other - one).slice(0, limit);
      assert.deepEqual(
        sample.kept.map(({ serial }) => serial),
        newest,
      );
    }),
  );
});
