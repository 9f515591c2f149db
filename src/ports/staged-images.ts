import type { Digest } from '../oci/digest.ts';
import type { RepositoryName, TagName } from '../oci/reference.ts';

/** An image that waits for its signature. */
export interface StagedImage {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  /** The manifest list, as it will be signed. */
  readonly list: Digest;
  /** An index, staged too, of what refers to the image and is published with it. */
  readonly referrers?: Digest;
  /** When it was staged, in milliseconds since the epoch. */
  readonly staged: number;
  /** Why its last signature bundle was refused. */
  readonly reason?: string;
}

/**
 * What the origin remembers of staged images. One image a tag: staging a tag again replaces it. Throws
 * SignpostError STORAGE.
 */
export interface StagedImages {
  list(): Promise<readonly StagedImage[]>;
  put(image: StagedImage): Promise<void>;
  remove(repository: RepositoryName, tag: TagName): Promise<void>;
  /** A number greater than every one it gave before: the serial of a signing request. */
  nextRequestSerial(): Promise<number>;
}

/** The staged lists that lead to everything that the image needs. */
export function stagedLists({ list, referrers }: StagedImage): readonly Digest[] {
  return referrers === undefined ? [list] : [list, referrers];
}
