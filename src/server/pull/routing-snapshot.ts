import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName, TagName } from '../../oci/reference.ts';
import type { PublishedBlob, PublishedManifest } from '../../ports/publications.ts';
import type { EvenSample } from './even-sample.ts';
import type { NewestSample } from './newest-sample.ts';
import type { BlobEntry, ManifestEntry, PublishedRepository } from './published-repository.ts';
import type { RepositoryTable } from './repository-table.ts';

/** What a snapshot is made of. The next one shares what has not changed. */
export interface SnapshotParts {
  /** The publication serial that it was compiled at. */
  readonly serial: number;
  readonly counts: Readonly<Record<'repositories' | 'tags' | 'manifests' | 'blobs', number>>;
  readonly repositories: RepositoryTable;
  /** What the numbers of media types in the repositories mean. Only added to. */
  readonly mediaTypes: string[];
  readonly samples: EvenSample<PublishedBlob>;
  readonly newest: NewestSample<PublishedBlob>;
}

/** All that is published, compiled for look-up. Nothing in it ever changes: a new one replaces it. */
export class RoutingSnapshot {
  readonly parts: SnapshotParts;
  /** Some of the blobs, spread evenly over all of them: what probes compare mirrors by. */
  readonly samples: readonly PublishedBlob[];
  /** Some of the blobs of the last publications, the newest first: what a mirror that claims to have them is asked for. */
  readonly newest: readonly PublishedBlob[];

  constructor(parts: SnapshotParts) {
    this.parts = parts;
    this.samples = parts.samples.kept;
    this.newest = parts.newest.kept;
  }

  /** The publication serial that it was compiled at. */
  get serial(): number {
    return this.parts.serial;
  }
  get counts(): SnapshotParts['counts'] {
    return this.parts.counts;
  }

  /** The names of a repository's tags, sorted by code point; undefined for a repository that does not exist. */
  tagNames(repository: RepositoryName): readonly TagName[] | undefined {
    return this.#find(repository)?.tagNames;
  }
  /** The same with those that carry signatures. */
  allTagNames(repository: RepositoryName): readonly TagName[] | undefined {
    return this.#find(repository)?.allTagNames();
  }
  /** The last publication that brought a blob to the repository; 0 while it has none, undefined where there is none. */
  blobSerial(repository: RepositoryName): number | undefined {
    return this.#find(repository)?.blobSerial;
  }
  findTag(repository: RepositoryName, tag: TagName): Digest | undefined {
    return this.#find(repository)?.findTag(tag);
  }
  findManifest(repository: RepositoryName, digest: Digest): ManifestEntry | undefined {
    return this.#find(repository)?.findManifest(digest);
  }
  findBlob(repository: RepositoryName, digest: Digest): BlobEntry | undefined {
    return this.#find(repository)?.findBlob(digest);
  }
  /** The manifests that name `subject` as theirs, sorted by digest. */
  referrers(repository: RepositoryName, subject: Digest): readonly PublishedManifest[] {
    return this.#find(repository)?.referrers(subject) ?? [];
  }

  #find(repository: RepositoryName): PublishedRepository | undefined {
    return this.parts.repositories.get(repository);
  }
}
