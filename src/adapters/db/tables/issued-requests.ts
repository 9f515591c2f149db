import { type IssuedRequests, issuedLimit } from '../../../ports/issued-requests.ts';
import { type Database, run } from '../database.ts';
import { digestFromColumn, digestToColumn } from './digest-column.ts';

export function createIssuedRequests(database: Database): IssuedRequests {
  return {
    add: (serial, request) =>
      database.note('remember a signing request', function* () {
        yield* run(
          'INSERT INTO issued_requests VALUES ($1, $2) ON CONFLICT (serial) DO UPDATE SET digest = excluded.digest',
          [serial, digestToColumn(request)],
        );
        yield* run('DELETE FROM issued_requests WHERE serial <= $1', [serial - issuedLimit]);
      }),
    async find(serial) {
      const sql = 'SELECT digest FROM issued_requests WHERE serial = $1';
      const [row] = await database.read('look for a signing request', sql, [serial]);
      return row === undefined ? undefined : digestFromColumn(row.digest);
    },
  };
}
