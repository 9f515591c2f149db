import { type StorageConfig } from './postgres-storage.ts';
import { type Storage, type ServeStorage } from '../../ports/storage.ts';
import { refuseForeignRoot } from '../../adapters/files/folder-owner.ts';
import type { Clock } from '../../ports/clock.ts';
import { openPostgresStorage } from './postgres-storage.ts';
import { openSqliteStorage, openThreadedSqliteStorage } from './sqlite-storage.ts';

/**
 * Opens the database for a server, which never waits for it where it answers.
 * @throws SignpostError STORAGE, CONFIG_INVALID
 */
export function openServeStorage(config: StorageConfig, clock: Clock): Promise<ServeStorage> {
  return config.database === undefined
    ? openThreadedSqliteStorage(config)
    : openPostgresStorage(config, config.database, clock);
}

/**
 * Opens the database, and makes or updates its tables first.
 * @throws SignpostError DENIED, STORAGE, CONFIG_INVALID
 */
export function openStorage(config: StorageConfig, clock: Clock): Promise<Storage> {
  return Promise.try(() => {
    refuseForeignRoot(config.data, 'data folder');
    return config.database === undefined
      ? openSqliteStorage(config, clock)
      : openPostgresStorage(config, config.database, clock);
  });
}
