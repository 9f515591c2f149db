import type { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../../../ports/clock.ts';
import { createSqliteAuditLog } from './audit-log.ts';
import { createMirrorHistory } from './mirror-history.ts';
import { createMirrorRegistry } from './mirror-registry.ts';
import { createMirrorStates } from './mirror-states.ts';
import { createSqlitePropagation } from './propagation.ts';
import { createSqlitePublicationRecord } from './publication-record.ts';
import { createSqlitePublications } from './publications.ts';
import { createSqliteStagedImages } from './staged-images.ts';
import { createSqliteStatistics } from './statistics.ts';
import { createSqliteTokens } from './tokens.ts';
import { createSqliteWebhookOutbox } from './webhook-outbox.ts';

/** What a thread answers for a server: ports all of whose methods take and give what can be copied between threads. */
export type ThreadPorts = ReturnType<typeof createThreadPorts>;

export function createThreadPorts(database: DatabaseSync, clock: Clock) {
  return {
    audit: createSqliteAuditLog(database),
    mirrorHistory: createMirrorHistory(database),
    mirrorRegistry: createMirrorRegistry(database),
    mirrorStates: createMirrorStates(database),
    propagation: createSqlitePropagation(database),
    publicationRecord: createSqlitePublicationRecord(database),
    publications: createSqlitePublications(database, clock),
    stagedImages: createSqliteStagedImages(database),
    statistics: createSqliteStatistics(database),
    tokens: createSqliteTokens(database),
    webhookOutbox: createSqliteWebhookOutbox(database),
  };
}

/** A call of a port's method, and what came of it. */
export interface ThreadCall {
  readonly id: number;
  readonly port: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

export interface ThreadAnswer {
  readonly id: number;
  readonly value?: unknown;
  readonly failure?: { readonly code: string | undefined; readonly message: string };
}

export interface ThreadSettings {
  /** Of the database. */
  readonly path: string;
  readonly access: 'read' | 'write';
}

/** The message that ends a thread. */
export const endOfThread = 'end';
