import type { AuditEntry, AuditLog } from '../../src/ports/audit-log.ts';
import { auditReadLimit, auditValueLimit } from '../../src/ports/audit-log.ts';

/** A record of changes in memory. */
export function createMemoryAuditLog(): AuditLog {
  const entries: AuditEntry[] = [];
  const bounded = (value: Readonly<Record<string, unknown>>) => {
    const size = Buffer.byteLength(JSON.stringify(value));
    return size <= auditValueLimit ? value : { tooLongToKeep: size };
  };
  return {
    async append({ before, after, ...entry }) {
      entries.unshift({
        number: entries.length + 1,
        ...entry,
        ...(before === undefined ? {} : { before: bounded(before) }),
        ...(after === undefined ? {} : { after: bounded(after) }),
      });
    },
    read: async (limit, before = Infinity) =>
      entries.filter(({ number }) => number < before).slice(0, Math.min(limit, auditReadLimit)),
  };
}
