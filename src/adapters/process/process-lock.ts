import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Lock } from '../../ports/lock.ts';
import { fileModes, makeFolders, makePrivateFile } from '../files/permissions.ts';
import { databaseResult, storageError } from '../files/storage-error.ts';
import { formatTime } from '../../text/format-time.ts';

/** SQLITE_BUSY (https://sqlite.org/rescode.html#busy). */
const busy = 5;

/**
 * Locks between processes. Node has no file locks, but SQLite does, and the kernel gives them back when the process
 * dies, however it dies: `<folder>/<job>.db` is held in an exclusive transaction, and never has anything in it.
 * `<job>.holder` beside it only tells people who it is. `command` is what the holder calls itself.
 */
export function createProcessLock(folder: string, command: string, clock: Clock): Lock {
  return { acquire: (job) => Promise.try(() => acquire(folder, job, command, clock)) };
}

function acquire(folder: string, job: string, command: string, clock: Clock): AsyncDisposable {
  const holder = join(folder, `${job}.holder`);
  const database = hold(folder, job, holder);
  try {
    const since = formatTime(clock.now());
    writeFileSync(holder, `${JSON.stringify({ pid: process.pid, command, since })}\n`, {
      mode: fileModes.owner,
    });
  } catch (cause) {
    database.close();
    throw storageError(`write ${holder}`, cause);
  }
  return {
    [Symbol.asyncDispose]() {
      rmSync(holder, { force: true });
      database.close();
      return Promise.resolve();
    },
  };
}

function hold(folder: string, job: string, holder: string): DatabaseSync {
  let database: DatabaseSync | undefined;
  try {
    makeFolders(dirname(folder), 'umask');
    // Whoever could open the files could hold the lock, also by reading only.
    makeFolders(folder, 'owner');
    makePrivateFile(join(folder, `${job}.db`), 'owner');
    database = new DatabaseSync(join(folder, `${job}.db`), { timeout: 0 });
    database.exec('BEGIN EXCLUSIVE');
    return database;
  } catch (cause) {
    database?.close();
    if (databaseResult(cause) !== busy) {
      const path = join(folder, `${job}.db`);
      throw storageError(`take the lock ${path}`, cause, path);
    }
    throw new SignpostError(
      'LOCKED',
      `another process works on the same data${describeHolder(holder)}: wait until it has finished, or stop it`,
      { cause },
    );
  }
}

function describeHolder(holder: string): string {
  try {
    const { pid, command, since } = JSON.parse(readFileSync(holder, 'utf8')) as Record<string, unknown>;
    return ` (process ${String(pid)}, "${String(command)}", since ${String(since)})`;
  } catch {
    // It has not written its name yet; that somebody has the lock is certain all the same.
    return '';
  }
}
