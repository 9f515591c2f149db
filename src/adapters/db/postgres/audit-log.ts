import {
  type AuditedChange,
  type AuditLog,
  type Author,
  auditReadLimit,
  auditReadSize,
} from '../../../ports/audit-log.ts';
import { auditColumn, readAuditEntry, selectAuditPage } from '../sqlite/audit-log.ts';
import type { PostgresDatabase, Query } from './database.ts';

/** The record of changes in the database. */
export function createPostgresAuditLog(database: PostgresDatabase): AuditLog {
  return {
    add: (by, changes) =>
      database.note('write down what was done', async (query) => {
        for (const change of changes) await writeAudit(query, by, change);
      }),
    async read(limit, before = Number.MAX_SAFE_INTEGER) {
      const rows = await database.read('read the record of changes', selectAuditPage('$1', '$2', '$3'), [
        before,
        Math.min(limit, auditReadLimit),
        auditReadSize,
      ]);
      return rows.map(readAuditEntry);
    },
  };
}

/** Writes an entry, in the transaction of its change. */
export async function writeAudit(
  query: Query,
  { at, who }: Author,
  { action, subject, before, after }: AuditedChange,
): Promise<void> {
  await query(
    'INSERT INTO audit_log (at, who, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6)',
    [at, who, action, subject, auditColumn(before), auditColumn(after)],
  );
}
