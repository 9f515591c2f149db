import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqlitePropagation } from '../../src/adapters/db/sqlite/propagation.ts';
import { propagationContract } from './propagation.ts';

propagationContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  return { propagation: createSqlitePropagation(database), end: async () => database.close() };
});
