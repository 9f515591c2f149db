import { createStatistics } from '../../src/adapters/db/tables/statistics.ts';
import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { statisticsContract } from './statistics.ts';

statisticsContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  return { statistics: createStatistics(createSqliteDatabase(database)), end: async () => database.close() };
});
