import { parentPort, workerData } from 'node:worker_threads';
import { isSignpostError } from '../../../oci/errors.ts';
import { createSystemClock } from '../../time/system-clock.ts';
import { openDatabase, openDatabaseForReading } from './database.ts';
import {
  type ThreadAnswer,
  type ThreadCall,
  type ThreadSettings,
  createThreadPorts,
  endOfThread,
} from './thread-ports.ts';

// The other end of storage-thread.ts: SQLite waits here for other processes, where nobody waits for this thread.
const { path, access } = workerData as ThreadSettings;
const database = access === 'write' ? openDatabase(path) : openDatabaseForReading(path);
const ports = createThreadPorts(database, createSystemClock()) as unknown as Readonly<
  Record<string, Readonly<Record<string, (...args: readonly unknown[]) => Promise<unknown>>>>
>;

async function answer({ id, port, method, args }: ThreadCall): Promise<ThreadAnswer> {
  try {
    return { id, value: await ports[port]?.[method]?.(...args) };
  } catch (error) {
    const code = isSignpostError(error) ? error.code : undefined;
    return { id, failure: { code, message: (error as Error).message } };
  }
}

parentPort?.on('message', (message: ThreadCall | typeof endOfThread) => {
  if (message === endOfThread) {
    database.close();
    parentPort?.close();
    return;
  }
  void answer(message).then((told) => parentPort?.postMessage(told, []));
});
