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
import { type Database, type Row, type Work, runEach } from '../database.ts';

/** Entries below a number: up to the one with which they have so many bytes or more. */
const page = `SELECT audit_log.* FROM audit_log JOIN (
    SELECT number, sum(size)
      OVER (ORDER BY number DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS size_above
    FROM (
      SELECT number, octet_length(coalesce(before, '')) + octet_length(coalesce(after, '')) AS size
      FROM audit_log WHERE number < $1 ORDER BY number DESC LIMIT $2
    ) AS newest
  ) AS page ON page.number = audit_log.number
  WHERE coalesce(size_above, 0) < $3 ORDER BY audit_log.number DESC`;

/** The record of changes in the database. */
export function createAuditLog(database: Database): AuditLog {
  return {
    add: (by, changes) => database.note('write down what was done', () => writeAudit(by, changes)),
    async read(limit, before = Number.MAX_SAFE_INTEGER) {
      const rows = await database.read('read the record of changes', page, [
        before,
        Math.min(limit, auditReadLimit),
        auditReadSize,
      ]);
      return rows.map(readEntry);
    },
  };
}

/** Writes entries, in the transaction of their changes. */
export function* writeAudit({ at, who }: Author, changes: readonly AuditedChange[]): Work<void> {
  yield* runEach(
    'INSERT INTO audit_log (at, who, action, subject, before, after) VALUES ($1, $2, $3, $4, $5, $6)',
    changes.map(({ action, subject, before, after }) => [
      at,
      who,
      action,
      subject,
      toColumn(before),
      toColumn(after),
    ]),
  );
}

/** What is kept of a value: its JSON, or its size alone. */
function toColumn(value: AuditValue | undefined): string | null {
  if (value === undefined) return null;
  const text = JSON.stringify(value);
  const size = Buffer.byteLength(text);
  return size <= auditValueLimit ? text : JSON.stringify({ tooLongToKeep: size });
}

function readEntry(row: Row): AuditEntry {
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
