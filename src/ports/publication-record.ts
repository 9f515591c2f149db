import type { RepositoryName, TagName } from '../oci/reference.ts';
import type { PublishedTag } from './publications.ts';

/** One event of publishing. */
interface PublicationEvent {
  readonly serial: number;
  /** Milliseconds since the epoch. */
  readonly published: number;
}

/** A repository, and the publication that changed it last. */
interface RepositorySerial {
  readonly repository: RepositoryName;
  readonly serial: number;
}

/** What is published, a page at a time, for people and programs that manage it. Throws SignpostError STORAGE. */
export interface PublicationRecord {
  /** The newest events with a serial below `before`, the newest first. */
  events(limit: number, before?: number): Promise<readonly PublicationEvent[]>;
  /** By name, those that come after `after`. */
  repositories(limit: number, after?: string): Promise<readonly RepositorySerial[]>;
  /** The tags of a repository by name, those that come after `after`. */
  tags(repository: RepositoryName, limit: number, after?: TagName): Promise<readonly PublishedTag[]>;
}
