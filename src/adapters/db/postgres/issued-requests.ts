import { type IssuedRequests, issuedLimit } from '../../../ports/issued-requests.ts';
import { digestFromColumn, digestToColumn } from '../sqlite/digest-column.ts';
import type { PostgresDatabase } from './database.ts';

export function createPostgresIssuedRequests(database: PostgresDatabase): IssuedRequests {
  return {
    add: (serial, request) =>
      database.note('remember a signing request', async (query) => {
        await query(
          'INSERT INTO issued_requests VALUES ($1, $2) ON CONFLICT (serial) DO UPDATE SET digest = excluded.digest',
          [serial, digestToColumn(request)],
        );
        await query('DELETE FROM issued_requests WHERE serial <= $1', [serial - issuedLimit]);
      }),
    async find(serial) {
      const sql = 'SELECT digest FROM issued_requests WHERE serial = $1';
      const [row] = await database.read('look for a signing request', sql, [serial]);
      return row === undefined ? undefined : digestFromColumn(row.digest);
    },
  };
}
