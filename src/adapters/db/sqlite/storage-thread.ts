import { extname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { type ErrorCode, SignpostError } from '../../../oci/errors.ts';
import { type ThreadAnswer, type ThreadPorts, type ThreadSettings, endOfThread } from './thread-ports.ts';

/** A connection to the database in a thread of its own. */
export interface StorageThread extends AsyncDisposable {
  readonly ports: ThreadPorts;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

// Run from source as well as built.
const program = join(import.meta.dirname, `thread-worker${extname(import.meta.filename)}`);

/**
 * Opens the database in a thread. SQLite waits without giving anybody else a turn, up to five seconds for each write
 * while another process writes: in the thread that answers pulls, all of them would wait too. Calls are answered one
 * after the other. A thread that has died is started again by the next call.
 */
export function startStorageThread(settings: ThreadSettings): StorageThread {
  const pending = new Map<number, Pending>();
  let calls = 0;
  let worker: Worker | undefined;

  const start = (): Worker => {
    const started = new Worker(program, { workerData: settings });
    // It keeps the process alive only while somebody waits for it.
    started.unref();
    let problem: unknown;
    started.on('error', (error) => (problem = error));
    started.on('message', (told: ThreadAnswer) => settle(started, told));
    started.on('exit', () => {
      if (worker === started) worker = undefined;
      const error = new SignpostError('STORAGE', 'the database failed: its thread has ended', {
        cause: problem,
      });
      for (const { reject } of pending.values()) reject(error);
      pending.clear();
    });
    return started;
  };
  const settle = (from: Worker, { id, value, failure }: ThreadAnswer) => {
    const call = pending.get(id);
    pending.delete(id);
    if (pending.size === 0) from.unref();
    if (failure === undefined) call?.resolve(value);
    else call?.reject(errorOf(failure));
  };
  const call = (port: string, method: string, args: readonly unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      worker ??= start();
      const id = (calls += 1);
      pending.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, port, method, args }, []);
    });

  return {
    ports: byName((port) =>
      byName(
        (method) =>
          (...args: readonly unknown[]) =>
            call(port, method, args),
      ),
    ) as unknown as ThreadPorts,
    async [Symbol.asyncDispose]() {
      const ending = worker;
      if (ending === undefined) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      ending.once('exit', () => resolve());
      ending.ref();
      ending.postMessage(endOfThread, []);
      await promise;
    },
  };
}

/** An object whose every property is made from its name. */
function byName<T>(make: (name: string) => T): Readonly<Record<string, T>> {
  return new Proxy({}, { get: (_target, name) => make(String(name)) });
}

function errorOf({ code, message }: NonNullable<ThreadAnswer['failure']>): Error {
  return code === undefined ? new Error(message) : new SignpostError(code as ErrorCode, message);
}
