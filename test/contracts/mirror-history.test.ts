import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { createMirrorHistory } from '../../src/adapters/db/tables/mirror-history.ts';
import { createMirrorRegistry } from '../../src/adapters/db/tables/mirror-registry.ts';
import type { MirrorId } from '../../src/mirrors/mirror.ts';
import { createMemoryMirrorHistory } from '../fakes/memory-mirror-history.ts';
import { author } from '../fakes/author.ts';
import { newMirror } from '../fakes/mirrors.ts';
import { mirrorHistoryContract } from './mirror-history.ts';

mirrorHistoryContract('memory', async () => {
  const present = new Set([1, 2]);
  return {
    history: createMemoryMirrorHistory((id) => present.has(id)),
    mirrors: [1 as MirrorId, 2 as MirrorId],
    removeFirst: async () => void present.delete(1),
    end: async () => undefined,
  };
});

mirrorHistoryContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  const registry = createMirrorRegistry(createSqliteDatabase(database));
  const one = await registry.add(newMirror({ name: 'one' }), author);
  const other = await registry.add(newMirror({ name: 'other' }), author);
  return {
    history: createMirrorHistory(createSqliteDatabase(database)),
    mirrors: [one.id, other.id],
    removeFirst: async () => {
      await registry.remove(one, author);
    },
    end: async () => database.close(),
  };
});
