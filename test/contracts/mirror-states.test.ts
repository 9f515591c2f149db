import { createMirrorRegistry } from '../../src/adapters/db/tables/mirror-registry.ts';
import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { createMirrorStates } from '../../src/adapters/db/tables/mirror-states.ts';
import { createMemoryMirrorRegistry } from '../fakes/memory-mirror-registry.ts';
import { createMemoryMirrorStates } from '../fakes/memory-mirror-states.ts';
import { mirrorStatesContract } from './mirror-states.ts';

mirrorStatesContract('memory', () => {
  const registry = createMemoryMirrorRegistry();
  const states = createMemoryMirrorStates(async (id) =>
    (await registry.list()).some((mirror) => mirror.id === id),
  );
  return { registry, states, end: () => undefined };
});

mirrorStatesContract('SQLite', () => {
  const database = openDatabase(':memory:');
  return {
    registry: createMirrorRegistry(createSqliteDatabase(database)),
    states: createMirrorStates(createSqliteDatabase(database)),
    end: () => database.close(),
  };
});
