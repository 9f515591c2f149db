import { SignpostError } from '../../oci/errors.ts';

/** Runs a piece of database work; what SQLite throws becomes SignpostError STORAGE. `doing` reads "cannot <doing>". */
export function withDatabase<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (cause instanceof SignpostError) throw cause;
    throw new SignpostError('STORAGE', `the database failed: cannot ${doing}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
