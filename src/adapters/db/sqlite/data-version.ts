import type { DatabaseSync } from 'node:sqlite';

/**
 * A number that changes whenever anybody has committed something, cheap enough to poll. `data_version` counts the
 * commits of other connections and `total_changes` the rows that this one changed (sqlite.org/pragma.html); both only
 * grow, so that their sum changes when either does.
 */
export function createDataVersion(database: DatabaseSync): () => number {
  const others = database.prepare('PRAGMA data_version');
  const own = database.prepare('SELECT total_changes() AS changes');
  return () => Number(others.get()?.data_version) + Number(own.get()?.changes);
}
