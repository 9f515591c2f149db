import { Worker } from 'node:worker_threads';
import type { Fault, FuzzJob, FuzzMessage } from './fuzz-job.ts';

/** No answer for so long is a reader that hangs, in milliseconds. */
const patience = 60_000;
const heapLimit = 512;
const inputLimit = 1024 * 1024;
/** A reader that fails at everything has been understood by then. */
const faultsLimit = 20;

export interface FuzzResult {
  readonly faults: readonly Fault[];
  /** Inputs by reader. */
  readonly inputs: ReadonlyMap<string, number>;
}

/**
 * Runs readers in a thread of their own, with a bound on its memory, and ends it when one of them hangs: what comes after
 * that reader is then not run.
 */
export function runFuzz(job: Omit<FuzzJob, 'current'>): Promise<FuzzResult> {
  const current = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT + inputLimit);
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { ...job, current } satisfies FuzzJob,
    resourceLimits: { maxOldGenerationSizeMb: heapLimit },
  });
  const faults: Fault[] = [];
  const inputs = new Map<string, number>();
  let reader = '';
  const currentInput = () => {
    const length = Atomics.load(new Int32Array(current, 0, 1), 0);
    return Uint8Array.from(new Uint8Array(current, Int32Array.BYTES_PER_ELEMENT, length));
  };
  return new Promise((resolve) => {
    const finish = () => {
      clearTimeout(timer);
      resolve({ faults, inputs });
    };
    const hangs = () => {
      faults.push({ reader, problem: `it does not come back within ${patience} ms`, input: currentInput() });
      void worker.terminate();
    };
    // Loading everything takes longer than any input.
    let timer = setTimeout(hangs, patience * 2);
    worker.on('message', (message: FuzzMessage) => {
      clearTimeout(timer);
      timer = setTimeout(hangs, patience);
      if (message.kind === 'started') reader = message.reader;
      if (message.kind === 'ended') inputs.set(message.reader, message.inputs);
      if (message.kind === 'fault') faults.push(message);
      if (faults.length >= faultsLimit) void worker.terminate();
    });
    worker.on('error', (error) => {
      faults.push({ reader, problem: `it ended the thread: ${String(error)}`, input: currentInput() });
    });
    worker.on('exit', finish);
  });
}
