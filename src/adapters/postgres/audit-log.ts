import { type AuditLog, auditReadLimit } from '../../ports/audit-log.ts';
import { auditColumn, readAuditEntry } from '../sqlite/audit-log.ts';
import type { PostgresDatabase } from './database.ts';

/** The record of changes in the database. */
export function createPostgresAuditLog(database: PostgresDatabase): AuditLog {
  return {
    append: ({ at, who, action, subject, before, after }) =>
      database.note('write down a change', async (query) => {
        await query(
          'INSERT INTO audit_log (at, who, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6)',
          [at, who, action, subject, auditColumn(before), auditColumn(after)],
        );
      }),
    async read(limit, before = Number.MAX_SAFE_INTEGER) {
      const rows = await database.read(
        'read the record of changes',
        'SELECT * FROM audit_log WHERE number < $1 ORDER BY number DESC LIMIT $2',
        [before, Math.min(limit, auditReadLimit)],
      );
      return rows.map(readAuditEntry);
    },
  };
}
