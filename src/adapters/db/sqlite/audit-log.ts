import type { DatabaseSync } from 'node:sqlite';
import {
  type AuditedChange,
  type AuditEntry,
  type AuditLog,
  type AuditValue,
  type Author,
  auditReadLimit,
  auditReadSize,
  auditValueLimit,
} from '../../../ports/audit-log.ts';
import { inTransaction } from './database.ts';
import { withDatabase } from './database-error.ts';

/** The record of changes in the database. */
export function createSqliteAuditLog(database: DatabaseSync): AuditLog {
  const read = database.prepare(selectAuditPage('?1', '?2', '?3'));
  const write = createAuditWriter(database);
  return {
    add: async (by, changes) =>
      withDatabase('write down what was done', () =>
        inTransaction(database, () => {
          for (const change of changes) write(by, change);
        }),
      ),
    read: async (limit, before = Number.MAX_SAFE_INTEGER) =>
      withDatabase('read the record of changes', () =>
        read.all(before, Math.min(limit, auditReadLimit), auditReadSize).map(readAuditEntry),
      ),
  };
}

/** Entries below the number `before`, in either database: up to the one with which they have `size` bytes or more. */
export function selectAuditPage(before: string, limit: string, size: string): string {
  return `SELECT audit_log.* FROM audit_log JOIN (
      SELECT number, sum(size)
        OVER (ORDER BY number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_above
      FROM (
        SELECT number, octet_length(coalesce(before, '')) + octet_length(coalesce(after, '')) AS size
        FROM audit_log WHERE number < ${before} ORDER BY number DESC LIMIT ${limit}
      ) AS newest
    ) AS page ON page.number = audit_log.number
    WHERE coalesce(size_above, 0) < ${size} ORDER BY audit_log.number DESC`;
}

/** Writes an entry, in the transaction of its change. */
export function createAuditWriter(database: DatabaseSync): (by: Author, change: AuditedChange) => void {
  const append = database.prepare(
    'INSERT INTO audit_log (at, who, action, subject, before, after) VALUES (?, ?, ?, ?, ?, ?)',
  );
  return ({ at, who }, { action, subject, before, after }) => {
    append.run(at, who, action, subject, auditColumn(before), auditColumn(after));
  };
}

/** What is kept of a value: its JSON, or its size alone. */
export function auditColumn(value: AuditValue | undefined): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(value);
  const size = Buffer.byteLength(text);
  return size <= auditValueLimit ? text : JSON.stringify({ tooLongToKeep: size });
}

/** Of either database. */
export function readAuditEntry(row: Record<string, unknown>): AuditEntry {
  return {
    number: Number(row.number),
    at: Number(row.at),
    who: String(row.who),
    action: String(row.action),
    subject: String(row.subject),
    ...(typeof row.before === 'string' ? { before: JSON.parse(row.before) as AuditValue } : {}),
    ...(typeof row.after === 'string' ? { after: JSON.parse(row.after) as AuditValue } : {}),
  };
}
