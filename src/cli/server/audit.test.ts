import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { author } from '../../../test/fakes/author.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { createAuditLog } from '../../adapters/db/tables/audit-log.ts';
import { openDatabase } from '../../adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../adapters/db/sqlite/sqlite-database.ts';
import { auditReadSize, auditValueLimit } from '../../ports/audit-log.ts';

const data = mkdtempSync(join(tmpdir(), 'signpost-audit-'));
after(() => rmSync(data, { recursive: true }));

test('as many changes are shown as were asked for, however long they are', async () => {
  using database = openDatabase(join(data, 'signpost.db'));
  const value = { text: 'x'.repeat(auditValueLimit / 2) };
  const count = Math.ceil(auditReadSize / auditValueLimit) * 5;
  await createAuditLog(createSqliteDatabase(database)).add(
    author,
    Array.from({ length: count }, (_, at) => ({ action: 'a', subject: String(at), before: value })),
  );
  const numbers = async (...options: string[]) => {
    const { out, err } = await runCommand('audit', '--json', '--data', data, ...options);
    assert.equal(err, '');
    return (JSON.parse(out) as { entries: readonly { number: number }[] }).entries.map(
      ({ number }) => number,
    );
  };
  const all = Array.from({ length: count }, (_, at) => count - at);
  assert.deepEqual(await numbers('--limit', '500'), all);
  assert.deepEqual(await numbers('--limit', String(count - 3), '--before', String(count)), all.slice(1, -2));
});
