import { type AuditLog } from './audit-log.ts';
import { type IssuedRequests } from './issued-requests.ts';
import { type Lock } from './lock.ts';
import { type MirrorHistory } from './mirror-history.ts';
import { type MirrorRegistry } from './mirror-registry.ts';
import { type MirrorStates } from './mirror-states.ts';
import { type PublicationRecord } from './publication-record.ts';
import { type Propagation } from './propagation.ts';
import { type Publications, type PublishedContent } from './publications.ts';
import { type ReceivedSignatures } from './received-signatures.ts';
import { type Serials } from './serials.ts';
import { type StagedImages } from './staged-images.ts';
import { type Statistics } from './statistics.ts';
import { type Tokens } from './tokens.ts';
import { type WebhookOutbox } from './webhook-outbox.ts';

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
