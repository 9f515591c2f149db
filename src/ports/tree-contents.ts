import type { PublicationMarker } from '../tree/publication-marker.ts';
import type { RepositoryName } from '../oci/reference.ts';

/** The publication serial, and the last one that changed each repository. */
interface TreeSerials {
  readonly serial: number;
  readonly repositories: ReadonlyMap<RepositoryName, number>;
}

/** Whose lists are written again although the serial has not changed. */
type Rewrite =
  | 'everything'
  | {
      readonly repositories: ReadonlySet<RepositoryName>;
      /** TUF. */
      readonly metadata: boolean;
    };

/**
 * What the tree itself says that it holds (docs/adr/0014): the marker, the index that the marker names, and the lists
 * that the index names. Throws SignpostError STORAGE. Who writes has the content lock.
 */
export interface TreeContents {
  /** What `publication.json` says; undefined when there is none or it cannot be understood. */
  readMarker(): Promise<PublicationMarker | undefined>;
  /**
   * Writes the indexes of referrers and the lists of what has changed, then the index, and the marker last of all. Lists
   * that nothing has named for a week are removed. Of the repositories whose lists are written, everything that is
   * published must be there: otherwise nothing changes, since mirrors delete what no list names.
   * @returns the paths of published files that the tree lacks; none when the marker was written
   */
  update(serials: TreeSerials, rewrite?: Rewrite): Promise<readonly string[]>;
  /** Where the lists do not say what is in the tree, or indexes of referrers what is published: `where` is a file or a repository. It believes nothing. */
  check(signal: AbortSignal): AsyncIterable<{ readonly where: string; readonly what: string }>;
}
