import type { DatabaseSync } from 'node:sqlite';
import { type IssuedRequests, issuedLimit } from '../../../ports/issued-requests.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';
import { digestFromColumn, digestToColumn } from './digest-column.ts';

export function createSqliteIssuedRequests(database: DatabaseSync): IssuedRequests {
  const find = database.prepare('SELECT digest FROM issued_requests WHERE serial = ?');
  const add = database.prepare('INSERT OR REPLACE INTO issued_requests VALUES (?, ?)');
  const forget = database.prepare('DELETE FROM issued_requests WHERE serial <= ?');
  return {
    add: (serial, request) =>
      withDatabase('remember a signing request', () => {
        inTransaction(database, () => {
          add.run(serial, digestToColumn(request));
          forget.run(serial - issuedLimit);
        });
      }),
    find: (serial) =>
      withDatabase('look for a signing request', () => {
        const row = find.get(serial);
        return row === undefined ? undefined : digestFromColumn(row.digest);
      }),
  };
}
