import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

/** An image that the tree lists, and that the database does not know. */
export interface UnknownImage {
  readonly repository: RepositoryName;
  /** Of a manifest or a list. */
  readonly digest: Digest;
  /** The names that its signatures say it has: `images.example.org/fedora/base:41`. */
  readonly names: readonly string[];
}

/** What the tree says of itself. */
interface ListedContent {
  /** What `publication.json` says; 0 when there is none. */
  readonly serial: number;
  /** The publication that changed each repository last; undefined when the index cannot be read. */
  readonly repositories: ReadonlyMap<RepositoryName, number> | undefined;
}

/** Compares what the tree lists with the database. Throws SignpostError STORAGE. */
export interface ListedContents {
  read(): Promise<ListedContent>;
  /** What these repositories' lists name and the database does not know. */
  unknown(repositories: readonly RepositoryName[]): AsyncIterable<UnknownImage>;
}
