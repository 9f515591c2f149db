import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type AuditLog, auditReadLimit, auditValueLimit } from '../../src/ports/audit-log.ts';

/** What every AuditLog must do. `open` makes an empty one, and what ends it. */
export function auditLogContract(
  name: string,
  open: () => Promise<{ readonly audit: AuditLog; readonly end: () => Promise<void> }>,
): void {
  const using = (work: (audit: AuditLog) => Promise<void>) => async () => {
    const { audit, end } = await open();
    try {
      await work(audit);
    } finally {
      await end();
    }
  };
  const entry = (at: number) => ({ at, who: 'user root', action: 'mirror.change', subject: 'uni-example' });

  describe(`audit log: ${name}`, () => {
    it(
      'gives back what was written, the newest first, a page at a time',
      using(async (audit) => {
        assert.deepEqual(await audit.read(10), []);
        const changed = { ...entry(1), before: { weight: 1 }, after: { weight: 2, asns: [680] } };
        for (const one of [changed, entry(2), entry(3)]) await audit.append(one);
        const [newest, middle] = await audit.read(2);
        assert.deepEqual([newest?.at, middle?.at], [3, 2]);
        const [oldest, ...more] = await audit.read(2, middle?.number);
        assert.deepEqual({ ...oldest, number: 0 }, { number: 0, ...changed });
        assert.deepEqual(more, []);
      }),
    );
    it(
      'reads no more than a bounded number of entries at once',
      using(async (audit) => {
        for (let at = 0; at <= auditReadLimit; at += 1) await audit.append(entry(at));
        assert.equal((await audit.read(1_000_000)).length, auditReadLimit);
      }),
    );
    it(
      'keeps the size alone of a value that is too long',
      using(async (audit) => {
        const long = { text: 'x'.repeat(auditValueLimit) };
        await audit.append({ ...entry(1), before: long, after: { text: 'short' } });
        const [kept] = await audit.read(1);
        assert.deepEqual(kept?.before, { tooLongToKeep: JSON.stringify(long).length });
        assert.deepEqual(kept?.after, { text: 'short' });
      }),
    );
  });
}
