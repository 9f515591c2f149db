import type { RepositoryName } from '../oci/reference.ts';

/** How far the numbers are that are given out once. */
export interface GivenSerials {
  /** The newest publication. */
  readonly publication: number;
  /** The newest signing request. */
  readonly request: number;
}

/** Numbers that are given out once. Throws SignpostError STORAGE. */
export interface Serials {
  /** The highest of each; 0 where none was given. */
  given(): Promise<GivenSerials>;
  /**
   * In one transaction: nothing gets these numbers or a lower one any more, and each of `repositories`, whether it is known
   * or not, counts as changed by this publication.
   */
  moveOn(past: GivenSerials, repositories: readonly RepositoryName[]): Promise<void>;
}
