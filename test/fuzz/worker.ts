import { parentPort, workerData } from 'node:worker_threads';
import type { FuzzJob, FuzzMessage } from './fuzz-job.ts';
import { loadInputs } from './inputs.ts';
import { judgeError, judgeMessage } from './judge-error.ts';
import { mutate } from './mutate.ts';
import { createRandom } from './random.ts';
import type { FuzzReader } from './reader.ts';
import { openReaders } from './readers.ts';

/** So much of the processor's time one input may take, in milliseconds: how busy the machine is does not count. */
const slow = 2000;
/** Memory that is held beside the heap, in bytes. */
const memoryLimit = 2 * 1024 * 1024 * 1024;

/** How often the other thread is told that all is well, in milliseconds. */
const interval = 50;
let told = 0;

const { names, seconds, inputs: most, seed, current } = workerData as FuzzJob;
const send = (message: FuzzMessage) => parentPort?.postMessage(message, []);
const length = new Int32Array(current, 0, 1);
const shown = new Uint8Array(current, Int32Array.BYTES_PER_ELEMENT);

for (const reader of (await openReaders()).filter(({ name }) => names.includes(name))) await fuzz(reader);

async function fuzz(reader: FuzzReader): Promise<void> {
  const seeds = loadInputs(reader);
  const random = createRandom(seed);
  const end = performance.now() + seconds * 1000;
  let count = 0;
  send({ kind: 'started', reader: reader.name });
  for (const input of seeds) await attempt(reader, input);
  while (count < most && performance.now() < end) {
    const start = seeds[random.below(seeds.length)] ?? Buffer.alloc(0);
    await attempt(reader, mutate(start, random, seeds));
    count += 1;
  }
  send({ kind: 'ended', reader: reader.name, inputs: count + seeds.length });
}

async function attempt(reader: FuzzReader, input: Buffer): Promise<void> {
  const tell = (problem: string | undefined) => {
    if (problem !== undefined) send({ kind: 'fault', reader: reader.name, problem, input });
  };
  // If this is the last thing that happens here, the other thread knows what it was.
  shown.set(input.subarray(0, shown.length));
  Atomics.store(length, 0, Math.min(input.length, shown.length));
  const before = process.threadCpuUsage();
  try {
    // A copy: no reader may see what another one has done to the seed.
    tell(judgeMessage(await reader.read(Buffer.from(input))));
  } catch (error) {
    tell(judgeError(error));
  }
  const { user, system } = process.threadCpuUsage(before);
  const took = (user + system) / 1000;
  if (took > slow) tell(`it took ${Math.round(took)} ms`);
  if (performance.now() - told < interval) return;
  told = performance.now();
  if (process.memoryUsage.rss() > memoryLimit) {
    tell('the process has grown beyond 2 GiB');
    process.exit(1);
  }
  send({ kind: 'alive' });
}
