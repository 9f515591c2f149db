import { join } from 'node:path';
import { openDatabase, openDatabaseForReading } from '../../adapters/sqlite/database.ts';
import { createSqliteIssuedRequests } from '../../adapters/sqlite/issued-requests.ts';
import { createMirrorHistory } from '../../adapters/sqlite/mirror-history.ts';
import { createMirrorRegistry } from '../../adapters/sqlite/mirror-registry.ts';
import { createMirrorStates } from '../../adapters/sqlite/mirror-states.ts';
import { createSqlitePublications } from '../../adapters/sqlite/publications.ts';
import { createSqlitePublishedContent } from '../../adapters/sqlite/published-content.ts';
import { createSqlitePropagation } from '../../adapters/sqlite/propagation.ts';
import { createSqliteReceivedSignatures } from '../../adapters/sqlite/received-signatures.ts';
import { createSqliteStagedImages } from '../../adapters/sqlite/staged-images.ts';
import { createSqliteStatistics } from '../../adapters/sqlite/statistics.ts';
import type { Clock } from '../../ports/clock.ts';
import type { IssuedRequests } from '../../ports/issued-requests.ts';
import type { MirrorHistory } from '../../ports/mirror-history.ts';
import type { MirrorRegistry } from '../../ports/mirror-registry.ts';
import type { MirrorStates } from '../../ports/mirror-states.ts';
import type { Propagation } from '../../ports/propagation.ts';
import type { Publications, PublishedContent } from '../../ports/publications.ts';
import type { ReceivedSignatures } from '../../ports/received-signatures.ts';
import type { StagedImages } from '../../ports/staged-images.ts';
import type { Statistics } from '../../ports/statistics.ts';
import type { Config } from '../config-schema.ts';

/** All that the origin remembers in its database. */
export interface Storage extends AsyncDisposable {
  readonly publications: Publications;
  readonly publishedContent: PublishedContent;
  readonly stagedImages: StagedImages;
  readonly issuedRequests: IssuedRequests;
  readonly received: ReceivedSignatures;
  readonly mirrorRegistry: MirrorRegistry;
  readonly mirrorStates: MirrorStates;
  readonly mirrorHistory: MirrorHistory;
  readonly statistics: Statistics;
  readonly propagation: Propagation;
}

/**
 * Opens the database, and makes or updates its tables first.
 * @throws SignpostError STORAGE
 */
export function openStorage(config: Pick<Config, 'data'>, clock: Clock): Promise<Storage> {
  return Promise.try(() => openSqliteStorage(join(config.data, 'signpost.db'), clock));
}

function openSqliteStorage(path: string, clock: Clock): Storage {
  using opened = new DisposableStack();
  const database = opened.adopt(openDatabase(path), (it) => it.close());
  // A connection of its own: what is published is read in pieces, while the other one reads and writes.
  const reading = opened.adopt(openDatabaseForReading(path), (it) => it.close());
  const storage = {
    publications: createSqlitePublications(database, clock),
    publishedContent: createSqlitePublishedContent(reading),
    stagedImages: createSqliteStagedImages(database),
    issuedRequests: createSqliteIssuedRequests(database),
    received: createSqliteReceivedSignatures(database),
    mirrorRegistry: createMirrorRegistry(database),
    mirrorStates: createMirrorStates(database),
    mirrorHistory: createMirrorHistory(database),
    statistics: createSqliteStatistics(database),
    propagation: createSqlitePropagation(database),
  };
  const open = opened.move();
  return {
    ...storage,
    [Symbol.asyncDispose]() {
      open.dispose();
      return Promise.resolve();
    },
  };
}
