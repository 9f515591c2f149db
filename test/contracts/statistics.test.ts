import { createSqliteStatistics } from '../../src/adapters/db/sqlite/statistics.ts';
import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { statisticsContract } from './statistics.ts';

statisticsContract('SQLite', async () => {
  const database = openDatabase(':memory:');
  return { statistics: createSqliteStatistics(database), end: async () => database.close() };
});
