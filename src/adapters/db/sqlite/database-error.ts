import { storageError } from '../../files/storage-error.ts';

/**
 * Runs a piece of database work, all of it before this returns; what SQLite throws becomes a rejection with
 * SignpostError STORAGE, or LOCKED. `doing` reads "cannot <doing>".
 */
export function withDatabase<T>(doing: string, work: () => T): Promise<T> {
  return Promise.try(() => attempt(doing, work));
}

function attempt<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw storageError(`${doing} (in the database)`, cause);
  }
}
