import { type Config } from '../config/config-schema.ts';
import { createAdvisoryLock } from '../../adapters/db/postgres/advisory-lock.ts';
import { openPostgres } from '../../adapters/db/postgres/database.ts';
import { createPostgresPublishedContent } from '../../adapters/db/postgres/published-content.ts';
import { createTables } from '../../adapters/db/tables/tables.ts';
import { createEventLoopTurns } from '../../adapters/time/event-loop-turns.ts';
import type { Clock } from '../../ports/clock.ts';
import { readDatabasePassword } from './database-password.ts';
import type { Storage } from '../../ports/storage.ts';

/** Where the database is: without `database`, in the data folder. */
export type StorageConfig = Pick<Config, 'data'> &
  Partial<Pick<Config, 'database' | 'databasePasswordFile' | 'databaseConnections'>>;

const usualConnections = 5;
/** Milliseconds of reading after which requests get their turn. */
const longestPiece = 2;

/** A PostgreSQL database, for managers on several machines. */
export async function openPostgresStorage(
  config: StorageConfig,
  url: string,
  clock: Clock,
): Promise<Storage> {
  const file = config.databasePasswordFile;
  const database = await openPostgres({
    url,
    connections: config.databaseConnections ?? usualConnections,
    password: file === undefined ? undefined : readDatabasePassword(file),
  });
  return {
    ...createTables(database, clock, createEventLoopTurns(longestPiece)),
    createLock: (command) => createAdvisoryLock(database, command),
    publishedContent: createPostgresPublishedContent(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
