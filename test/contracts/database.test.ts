import { openDatabase } from '../../src/adapters/db/sqlite/database.ts';
import { createSqliteDatabase } from '../../src/adapters/db/sqlite/sqlite-database.ts';
import { databaseContract } from './database.ts';

databaseContract('SQLite', async () => {
  const connection = openDatabase(':memory:');
  return { database: createSqliteDatabase(connection), end: async () => connection.close() };
});
