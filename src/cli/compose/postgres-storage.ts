import { createAdvisoryLock } from '../../adapters/postgres/advisory-lock.ts';
import { createPostgresAuditLog } from '../../adapters/postgres/audit-log.ts';
import { openPostgres } from '../../adapters/postgres/database.ts';
import { createPostgresIssuedRequests } from '../../adapters/postgres/issued-requests.ts';
import { createPostgresMirrorHistory } from '../../adapters/postgres/mirror-history.ts';
import { createPostgresMirrorRegistry } from '../../adapters/postgres/mirror-registry.ts';
import { createPostgresMirrorStates } from '../../adapters/postgres/mirror-states.ts';
import { createPostgresPublicationRecord } from '../../adapters/postgres/publication-record.ts';
import { createPostgresPublications } from '../../adapters/postgres/publications.ts';
import { createPostgresPublishedContent } from '../../adapters/postgres/published-content.ts';
import { createPostgresPropagation } from '../../adapters/postgres/propagation.ts';
import { createPostgresReceivedSignatures } from '../../adapters/postgres/received-signatures.ts';
import { createPostgresSerials } from '../../adapters/postgres/serials.ts';
import { createPostgresStagedImages } from '../../adapters/postgres/staged-images.ts';
import { createPostgresStatistics } from '../../adapters/postgres/statistics.ts';
import { createPostgresTokens } from '../../adapters/postgres/tokens.ts';
import { createPostgresWebhookOutbox } from '../../adapters/postgres/webhook-outbox.ts';
import type { Clock } from '../../ports/clock.ts';
import { readDatabasePassword } from './database-password.ts';
import type { Storage, StorageConfig } from './storage.ts';

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
