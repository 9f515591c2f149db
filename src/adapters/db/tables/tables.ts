import type { Clock } from '../../../ports/clock.ts';
import type { Database } from '../database.ts';
import { createAuditLog } from './audit-log.ts';
import { createIssuedRequests } from './issued-requests.ts';
import { createMirrorHistory } from './mirror-history.ts';
import { createMirrorRegistry } from './mirror-registry.ts';
import { createMirrorStates } from './mirror-states.ts';
import { createPropagation } from './propagation.ts';
import { createPublicationRecord } from './publication-record.ts';
import { createPublications } from './publications.ts';
import { createReceivedSignatures } from './received-signatures.ts';
import { createSerials } from './serials.ts';
import { createStagedImages } from './staged-images.ts';
import { createStatistics } from './statistics.ts';
import { createTokens } from './tokens.ts';
import { createWebhookOutbox } from './webhook-outbox.ts';

/**
 * What an origin remembers.
 * @param pause gives others their turn while much is read, where a server does that in the thread that answers
 */
export function createTables(database: Database, clock: Clock, pause?: () => Promise<void>) {
  return {
    publications: createPublications(database, clock),
    serials: createSerials(database, clock),
    stagedImages: createStagedImages(database),
    issuedRequests: createIssuedRequests(database),
    received: createReceivedSignatures(database),
    mirrorRegistry: createMirrorRegistry(database, pause),
    mirrorStates: createMirrorStates(database),
    mirrorHistory: createMirrorHistory(database),
    statistics: createStatistics(database),
    propagation: createPropagation(database),
    publicationRecord: createPublicationRecord(database),
    tokens: createTokens(database),
    audit: createAuditLog(database),
    webhookOutbox: createWebhookOutbox(database),
  };
}
