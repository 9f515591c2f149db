import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { createMirrorRegistry } from '../../src/adapters/db/tables/mirror-registry.ts';
import { createWebhookOutbox } from '../../src/adapters/db/tables/webhook-outbox.ts';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import { author } from '../fakes/author.ts';
import { createMemoryWebhookOutbox } from '../fakes/memory-webhook-outbox.ts';
import { newMirror } from '../fakes/mirrors.ts';
import { webhookOutboxContract } from './webhook-outbox.ts';

webhookOutboxContract('memory', async () => {
  const present = new Set([1, 2]);
  return {
    outbox: createMemoryWebhookOutbox((id) => present.has(id)),
    mirrors: [1 as MirrorId, 2 as MirrorId],
    removeFirst: async () => void present.delete(1),
    end: async () => undefined,
  };
});

webhookOutboxContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  const registry = createMirrorRegistry(createSqliteDatabase(database));
  const one = await registry.add(newMirror({ name: 'one' }), author);
  const other = await registry.add(newMirror({ name: 'other' }), author);
  return {
    outbox: createWebhookOutbox(createSqliteDatabase(database)),
    mirrors: [one.id, other.id],
    removeFirst: () => registry.remove(one, author),
    end: async () => database.close(),
  };
});
