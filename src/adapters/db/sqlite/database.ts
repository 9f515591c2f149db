import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SignpostError } from '../../../oci/errors.ts';
import { makeFolders, makePrivateFile } from '../../files/permissions.ts';
import { storageError } from '../../files/storage-error.ts';
import { migrations } from './migrations.ts';

const memory = ':memory:';
/** How long SQLite waits for another process, in milliseconds. Its thread does nothing else meanwhile. */
const usualPatience = 5000;

/**
 * Opens the database and brings its tables up to date.
 * @throws SignpostError STORAGE
 */
export function openDatabase(path: string): DatabaseSync {
  try {
    makeFolders(dirname(path), 'everyone');
    // Not for strangers to read: contacts, private mirrors, and webhooks whose addresses may hold secrets.
    if (path !== memory) makePrivateFile(path, 'group');
    const database = new DatabaseSync(path, { timeout: usualPatience });
    // WAL: a reader never waits for the writer. FULL: what is committed survives a power cut.
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON');
    migrate(database, path);
    return database;
  } catch (cause) {
    throw storageError(`open the database ${path}`, cause, path);
  }
}

/**
 * Opens the database for reading only: for the server, which changes nothing of what is published. Makes it first, when
 * there is none yet, and brings an older one up to date.
 * @throws SignpostError STORAGE
 */
export function openDatabaseForReading(path: string, patience = usualPatience): DatabaseSync {
  openDatabase(path).close();
  try {
    return new DatabaseSync(path, { readOnly: true, timeout: patience });
  } catch (cause) {
    throw storageError(`read the database ${path}`, cause, path);
  }
}

/** Runs `work` in one transaction: everything that it writes, or nothing. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk and some other errors have ended the transaction already: another ROLLBACK would hide the cause.
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const current = () => Number(database.prepare('PRAGMA user_version').get()?.user_version ?? 0);
  if (current() > migrations.length) {
    throw new SignpostError(
      'STORAGE',
      `${path} was written by a newer Signpost: use that version or a newer one`,
    );
  }
  if (current() === migrations.length) return;
  inTransaction(database, () => {
    for (const sql of migrations.slice(current())) database.exec(sql);
    database.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}
