import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Propagation } from '../../src/ports/propagation.ts';

/** What every Propagation must do. `open` makes an empty one. */
export function propagationContract(
  name: string,
  open: () => Promise<{ readonly propagation: Propagation; readonly end: () => Promise<void> }>,
): void {
  const using = (work: (propagation: Propagation) => Promise<void>) => async () => {
    const opened = await open();
    try {
      await work(opened.propagation);
    } finally {
      await opened.end();
    }
  };
  const sample = (serial: number, at: number, holding = 0) => ({ serial, at, holding, mirrors: 4 });

  describe(`propagation: ${name}`, () => {
    it(
      'gives back the newest publications, each from its beginning on',
      using(async (propagation) => {
        assert.deepEqual(await propagation.list(10), []);
        await propagation.add([sample(7, 20, 1), sample(8, 30), sample(6, 5)]);
        await propagation.add([sample(7, 10), sample(8, 30, 2)]);
        assert.deepEqual(await propagation.list(2), [sample(8, 30, 2), sample(7, 10), sample(7, 20, 1)]);
        assert.equal((await propagation.list(10)).length, 4);
      }),
    );
    it(
      'thins out what is old',
      using(async (propagation) => {
        for (const serial of [1, 2, 3]) {
          await propagation.add(
            [0, 1, 2, 3, 4].map((holding) => sample(serial, serial * 100 + holding, holding)),
          );
        }
        await propagation.thin({ whole: 1, most: 2 });
        const left = (await propagation.list(10)).map(({ serial, holding }) => `${serial}: ${holding}`);
        assert.deepEqual(left, ['3: 0', '3: 1', '3: 2', '3: 3', '3: 4', '2: 0', '2: 2', '2: 4']);
      }),
    );
  });
}
