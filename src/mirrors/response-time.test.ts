import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { responseFactors, smoothResponseTime } from './response-time.ts';

const mirror = (responseTime: number | undefined, country = 'DE', continent: string | undefined = 'EU') => ({
  country,
  continent,
  responseTime,
});
const factors = (...mirrors: ReturnType<typeof mirror>[]) => [...responseFactors(mirrors)];

suite('the response time of a mirror', () => {
  test('is smoothed: one slow answer hardly counts, many do', () => {
    assert.equal(smoothResponseTime(undefined, 100), 100);
    assert.equal(smoothResponseTime(100, 10_000), 160);
    let time = 100;
    for (let answer = 0; answer < 20; answer += 1) time = smoothResponseTime(time, 1000);
    assert.ok(time > 950, `${time}`);
  });

  test('takes nothing from a mirror that is up to twice as slow as the usual one of its country', () => {
    assert.deepEqual(factors(mirror(100), mirror(100), mirror(199)), [1, 1, 1]);
  });

  test('halves the weight with each doubling beyond that, in steps, down to an eighth', () => {
    const slow = (time: number) => factors(mirror(100), mirror(100), mirror(100), mirror(time)).at(-1);
    assert.deepEqual(
      [199, 200, 399, 400, 800, 100_000].map((time) => slow(time)),
      [1, 1 / 2, 1 / 2, 1 / 4, 1 / 8, 1 / 8],
    );
  });

  test('compares a far mirror with others that are as far', () => {
    const near = [20, 20, 20].map((time) => mirror(time));
    const far = [600, 620, 640].map((time) => mirror(time, 'JP', 'AS'));
    assert.deepEqual(factors(...near, ...far), [1, 1, 1, 1, 1, 1]);
  });

  test('compares with the continent where a country has few mirrors, and with nobody where that has few', () => {
    const others = ['FR', 'FR', 'FR'].map((country) => mirror(100, country));
    assert.equal(factors(...others, mirror(500)).at(-1), 1 / 4);
    assert.equal(factors(...others, mirror(900, 'JP', 'AS')).at(-1), 1);
    assert.equal(factors(mirror(1), mirror(5000)).at(-1), 1);
  });

  test('makes no difference of a few milliseconds, nor of what is not known', () => {
    assert.deepEqual(factors(mirror(1), mirror(1), mirror(1), mirror(99)), [1, 1, 1, 1]);
    assert.deepEqual(factors(mirror(100), mirror(100), mirror(100), mirror(undefined)), [1, 1, 1, 1]);
  });

  test('never leaves less than an eighth, nor more than all, and is never less for the quicker one', () => {
    const times = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 3, maxLength: 20 });
    fc.assert(
      fc.property(times, (list) => {
        const sorted = list.toSorted((one, other) => one - other);
        const found = factors(...sorted.map((time) => mirror(time)));
        assert.ok(found.every((factor, at) => factor >= 1 / 8 && factor <= (found[at - 1] ?? 1)));
      }),
    );
  });
});
