import { openDatabase } from '../../src/adapters/sqlite/database.ts';
import { createSqlitePropagation } from '../../src/adapters/sqlite/propagation.ts';
import { propagationContract } from './propagation.ts';

propagationContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  return { propagation: createSqlitePropagation(database), end: async () => database.close() };
});
