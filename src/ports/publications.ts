import type { Digest } from '../oci/digest.ts';
import type { RepositoryName, TagName } from '../oci/reference.ts';

/** A tag that is published. */
export interface PublishedTag {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  readonly list: Digest;
  /** The serial of the signing request that the tag was last accepted from. */
  readonly requestSerial: number;
  /** When the signatures of the tag expire, in milliseconds since the epoch. */
  readonly expires: number;
}

export interface PublishedManifest {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
  readonly subject?: Digest;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface PublishedBlob {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
  /** The publication that brought it: a mirror at this serial or a later one holds it. */
  readonly serial: number;
}

/** One event of publishing: everything becomes visible at once, or nothing. */
export interface Publication {
  readonly tags: readonly PublishedTag[];
  readonly manifests: readonly PublishedManifest[];
  readonly blobs: readonly Omit<PublishedBlob, 'serial'>[];
  /** Manifests that are no longer found: no list and no tag names them. Their files stay for mirrors and caches. */
  readonly retired?: readonly { readonly repository: RepositoryName; readonly digest: Digest }[];
}

export interface PublicationSerials {
  readonly serial: number;
  readonly repositories: ReadonlyMap<RepositoryName, number>;
}

/** The write side of what is published. Throws SignpostError STORAGE. */
export interface Publications {
  /** Commits in one transaction, removes the tags from the staged images, and returns the new publication serial. */
  publish(publication: Publication): Promise<number>;
  /** The published tag, if there is one. */
  findTag(repository: RepositoryName, tag: TagName): Promise<PublishedTag | undefined>;
  /** The blob in `repository`, or in any that has it, if one has: its file can be linked instead of copied. */
  findBlob(digest: Digest, repository?: RepositoryName): Promise<PublishedBlob | undefined>;
  /** The published manifests of that type that name `subject` as theirs, sorted by digest. */
  findReferrers(
    repository: RepositoryName,
    subject: Digest,
    artifactType: string,
  ): Promise<readonly Digest[]>;
  /** The publication serial now, and the last one that changed each repository. */
  serials(): Promise<PublicationSerials>;
}

/**
 * The read side, from which the routing snapshot is compiled and front ends are told. Rows come in batches, so that ten
 * million of them do not cost a promise each; a batch takes a few milliseconds to read. They are those of the named
 * repositories, or of all. Iterators must be read to their end or returned. Throws SignpostError STORAGE.
 */
export interface PublishedContent {
  /** A number that changes whenever any process has committed something. Cheap: it is polled. */
  version(): Promise<number>;
  /** The publication serial now, and the repositories that publications after `since` have changed. */
  changes(since: number): Promise<PublicationSerials>;
  tags(repositories?: readonly RepositoryName[]): AsyncIterable<readonly PublishedTag[]>;
  manifests(repositories?: readonly RepositoryName[]): AsyncIterable<readonly PublishedManifest[]>;
  blobs(repositories?: readonly RepositoryName[]): AsyncIterable<readonly PublishedBlob[]>;
}
