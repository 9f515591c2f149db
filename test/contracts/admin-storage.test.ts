import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuditLog } from '../../src/adapters/db/tables/audit-log.ts';
import { createMirrorRegistry } from '../../src/adapters/db/tables/mirror-registry.ts';
import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { createPublicationRecord } from '../../src/adapters/db/tables/publication-record.ts';
import { createPublications } from '../../src/adapters/db/tables/publications.ts';
import { startStorageThread } from '../../src/adapters/db/sqlite/storage-thread.ts';
import { createTokens } from '../../src/adapters/db/tables/tokens.ts';
import { author } from '../fakes/author.ts';
import { createMemoryAuditLog } from '../fakes/memory-audit-log.ts';
import { createMemoryMirrorRegistry } from '../fakes/memory-mirror-registry.ts';
import { createMemoryPublicationRecord } from '../fakes/memory-publication-record.ts';
import { createMemoryTokens } from '../fakes/memory-tokens.ts';
import { newMirror } from '../fakes/mirrors.ts';
import { auditLogContract } from './audit-log.ts';
import { publicationRecordContract } from './publication-record.ts';
import { tokensContract } from './tokens.ts';

const nothing = async () => undefined;

tokensContract('in memory', async () => ({ tokens: createMemoryTokens(), end: nothing }));
tokensContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  return { tokens: createTokens(createSqliteDatabase(database)), end: async () => database.close() };
});
tokensContract('SQLite in a thread', async () => {
  const thread = startStorageThread({ path: ':memory:', access: 'write' });
  return { tokens: thread.ports.tokens, end: async () => thread[Symbol.asyncDispose]() };
});
auditLogContract('in memory', async () => {
  const audit = createMemoryAuditLog();
  return {
    audit,
    registry: createMemoryMirrorRegistry(audit),
    tokens: createMemoryTokens(audit),
    refuseEntries: async () => {
      audit.refuses = true;
    },
    end: nothing,
  };
});
auditLogContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  return {
    audit: createAuditLog(createSqliteDatabase(database)),
    registry: createMirrorRegistry(createSqliteDatabase(database)),
    tokens: createTokens(createSqliteDatabase(database)),
    refuseEntries: async () =>
      database.exec(
        "CREATE TRIGGER no_entry BEFORE INSERT ON audit_log BEGIN SELECT raise(ABORT, 'no'); END",
      ),
    end: async () => database.close(),
  };
});
publicationRecordContract('in memory', async (publications) => ({
  record: createMemoryPublicationRecord(publications),
  end: nothing,
}));
publicationRecordContract('SQLite', async (publications) => {
  const database = openDatabase(':memory:');
  let now = 0;
  const sqlite = createPublications(createSqliteDatabase(database), { now: () => (now += 1000) });
  for (const publication of publications) await sqlite.publish(publication);
  return {
    record: createPublicationRecord(createSqliteDatabase(database)),
    end: async () => database.close(),
  };
});

test('the database itself refuses to change or remove what was written down', async () => {
  using database = openDatabase(':memory:');
  await createMirrorRegistry(createSqliteDatabase(database)).add(newMirror(), author);
  assert.throws(() => database.exec("UPDATE audit_log SET who = 'nobody'"), /never changed/);
  assert.throws(() => database.exec('DELETE FROM audit_log'), /nothing is removed/);
});
