import { refuseForeignRoot } from '../../adapters/folder-owner.ts';
import type { AuditLog } from '../../ports/audit-log.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IssuedRequests } from '../../ports/issued-requests.ts';
import type { Lock } from '../../ports/lock.ts';
import type { MirrorHistory } from '../../ports/mirror-history.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { MirrorStates } from '../../ports/mirror-states.ts';
import type { PublicationRecord } from '../../ports/publication-record.ts';
import type { Propagation } from '../../ports/propagation.ts';
import type { Publications, PublishedContent } from '../../ports/publications.ts';
import type { ReceivedSignatures } from '../../ports/received-signatures.ts';
import type { Serials } from '../../ports/serials.ts';
import type { StagedImages } from '../../ports/staged-images.ts';
import type { Statistics } from '../../ports/statistics.ts';
import type { Tokens } from '../../ports/tokens.ts';
import type { WebhookOutbox } from '../../ports/webhook-outbox.ts';
import type { Config } from '../config-schema.ts';
import { openPostgresStorage } from './postgres-storage.ts';
import { openSqliteStorage, openThreadedSqliteStorage } from './sqlite-storage.ts';

/** Where the database is: without `database`, in the data folder. */
export type StorageConfig = Pick<Config, 'data'> &
  Partial<Pick<Config, 'database' | 'databasePasswordFile' | 'databaseConnections'>>;

/** All that the origin remembers in its database. */
export interface Storage extends AsyncDisposable {
  /** Keeps others out of the same content, who may be on other machines. `command` is what the holder calls itself. */
  readonly createLock: (command: string) => Lock;
  readonly publications: Publications;
  readonly publishedContent: PublishedContent;
  readonly serials: Serials;
  readonly stagedImages: StagedImages;
  readonly issuedRequests: IssuedRequests;
  readonly received: ReceivedSignatures;
  readonly mirrorRegistry: MirrorRegistry;
  readonly mirrorStates: MirrorStates;
  readonly mirrorHistory: MirrorHistory;
  readonly statistics: Statistics;
  readonly propagation: Propagation;
  readonly publicationRecord: PublicationRecord;
  readonly tokens: Tokens;
  readonly webhookOutbox: WebhookOutbox;
  readonly audit: AuditLog;
}

/** What a server uses of it. */
export type ServeStorage = Pick<
  Storage,
  | 'publishedContent'
  | 'publicationRecord'
  | 'mirrorRegistry'
  | 'mirrorStates'
  | 'mirrorHistory'
  | 'statistics'
  | 'propagation'
  | 'tokens'
  | 'audit'
  | 'webhookOutbox'
> & {
  readonly publications: Pick<Publications, 'serials' | 'findTag' | 'findReferrers'>;
  readonly stagedImages: Pick<StagedImages, 'list'>;
} & AsyncDisposable;

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
