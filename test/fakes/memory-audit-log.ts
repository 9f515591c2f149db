import { SignpostError } from '../../src/oci/errors.ts';
import type { AuditedChange, AuditEntry, AuditLog, AuditValue, Author } from '../../src/ports/audit-log.ts';
import { auditReadLimit, auditReadSize, auditValueLimit } from '../../src/ports/audit-log.ts';

/** A record of changes in memory, and how other fakes write into it. */
export interface MemoryAuditLog extends AuditLog {
  /** Throws when it {@link refuses}: then the change must not be made either. */
  append(by: Author, change: AuditedChange): void;
  refuses: boolean;
}

export function createMemoryAuditLog(): MemoryAuditLog {
  const entries: AuditEntry[] = [];
  const bounded = (value: AuditValue) => {
    const size = Buffer.byteLength(JSON.stringify(value));
    return size <= auditValueLimit ? value : { tooLongToKeep: size };
  };
  return {
    refuses: false,
    append(by, { before, after, ...change }) {
      if (this.refuses) throw new SignpostError('STORAGE', 'the record of changes cannot be written');
      entries.unshift({
        number: entries.length + 1,
        ...by,
        ...change,
        ...(before === undefined ? {} : { before: bounded(before) }),
        ...(after === undefined ? {} : { after: bounded(after) }),
      });
    },
    add(by, changes) {
      for (const change of changes) this.append(by, change);
      return Promise.resolve();
    },
    async read(limit, before = Infinity) {
      let size = 0;
      const page = entries.filter(({ number }) => number < before).slice(0, Math.min(limit, auditReadLimit));
      return page.filter((entry) => {
        const above = size;
        for (const value of [entry.before, entry.after]) {
          if (value !== undefined) size += Buffer.byteLength(JSON.stringify(value));
        }
        return above < auditReadSize;
      });
    },
  };
}
