import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { createPropagation } from '../../src/adapters/db/tables/propagation.ts';
import { propagationContract } from './propagation.ts';

propagationContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  return {
    propagation: createPropagation(createSqliteDatabase(database)),
    end: async () => database.close(),
  };
});
