import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openReaders } from './readers.ts';
import { runFuzz } from './run-fuzz.ts';

test('no reader of what strangers write throws anything but its errors, hangs or takes all the memory', async () => {
  const names = (await openReaders()).map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const { faults, inputs } = await runFuzz({ names, seconds: 5, inputs: 100, seed: 1 });
  const told = faults.map(({ reader, problem }) => `${reader}: ${problem}`);
  assert.deepEqual([...new Set(told)].slice(0, 3), [], 'npm run fuzz keeps the inputs');
  assert.deepEqual([...inputs.keys()].sort(), names.sort());
});
