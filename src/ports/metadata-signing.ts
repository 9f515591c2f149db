import type { Digest } from '../oci/digest.ts';
import type { RegistryHost, RepositoryName, TagName } from '../oci/reference.ts';
import type { MetadataFile, MetadataFormat } from '../trust/metadata-file.ts';

/** A tag that is signed, as the formats that have files of their own need it. */
export interface MetadataTag {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  readonly list: Digest;
  /** Bytes in the list. */
  readonly size: number;
}

/** A file that was made, and what the signer remembers it by: its newest version is what the next one follows. */
export interface SignedFile extends MetadataFile {
  readonly name: string;
}

/** One signing event. */
export interface MetadataEvent {
  readonly registry: RegistryHost;
  readonly tags: readonly MetadataTag[];
  /** By name, the newest of what this signer itself made before. */
  readonly own: ReadonlyMap<string, Uint8Array>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Signs in a format that has files for whole repositories, such as TUF. */
export interface MetadataSigner {
  readonly format: MetadataFormat;
  /**
   * The files that an event changes, in the order in which they may appear. Only what the signer made before counts,
   * never what anybody says is published, so nothing goes back.
   * @throws SignpostError TRUST, LIMIT_EXCEEDED, DENIED, UNAVAILABLE
   */
  sign(event: MetadataEvent): Promise<readonly SignedFile[]>;
}
