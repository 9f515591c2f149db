import { type Config } from '../config/config-schema.ts';
import { createAdvisoryLock } from '../../adapters/db/postgres/advisory-lock.ts';
import { createPostgresAuditLog } from '../../adapters/db/postgres/audit-log.ts';
import { openPostgres } from '../../adapters/db/postgres/database.ts';
import { createPostgresIssuedRequests } from '../../adapters/db/postgres/issued-requests.ts';
import { createPostgresMirrorHistory } from '../../adapters/db/postgres/mirror-history.ts';
import { createPostgresMirrorRegistry } from '../../adapters/db/postgres/mirror-registry.ts';
import { createPostgresMirrorStates } from '../../adapters/db/postgres/mirror-states.ts';
import { createPostgresPublicationRecord } from '../../adapters/db/postgres/publication-record.ts';
import { createPostgresPublications } from '../../adapters/db/postgres/publications.ts';
import { createPostgresPublishedContent } from '../../adapters/db/postgres/published-content.ts';
import { createPostgresPropagation } from '../../adapters/db/postgres/propagation.ts';
import { createPostgresReceivedSignatures } from '../../adapters/db/postgres/received-signatures.ts';
import { createPostgresSerials } from '../../adapters/db/postgres/serials.ts';
import { createPostgresStagedImages } from '../../adapters/db/postgres/staged-images.ts';
import { createPostgresStatistics } from '../../adapters/db/postgres/statistics.ts';
import { createPostgresTokens } from '../../adapters/db/postgres/tokens.ts';
import { createPostgresWebhookOutbox } from '../../adapters/db/postgres/webhook-outbox.ts';
import type { Clock } from '../../ports/clock.ts';
import { readDatabasePassword } from './database-password.ts';
import type { Storage } from '../../ports/storage.ts';

/** Where the database is: without `database`, in the data folder. */
export type StorageConfig = Pick<Config, 'data'> &
  Partial<Pick<Config, 'database' | 'databasePasswordFile' | 'databaseConnections'>>;

const usualConnections = 5;

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
    ...(file === undefined ? {} : { password: readDatabasePassword(file) }),
  });
  return {
    createLock: (command) => createAdvisoryLock(database, command),
    publications: createPostgresPublications(database, clock),
    publishedContent: createPostgresPublishedContent(database),
    serials: createPostgresSerials(database, clock),
    stagedImages: createPostgresStagedImages(database),
    issuedRequests: createPostgresIssuedRequests(database),
    received: createPostgresReceivedSignatures(database),
    mirrorRegistry: createPostgresMirrorRegistry(database),
    mirrorStates: createPostgresMirrorStates(database),
    mirrorHistory: createPostgresMirrorHistory(database),
    statistics: createPostgresStatistics(database),
    propagation: createPostgresPropagation(database),
    publicationRecord: createPostgresPublicationRecord(database),
    tokens: createPostgresTokens(database),
    audit: createPostgresAuditLog(database),
    webhookOutbox: createPostgresWebhookOutbox(database),
    [Symbol.asyncDispose]: () => database[Symbol.asyncDispose](),
  };
}
