import type { Digest } from '../../oci/digest.ts';
import type { Step } from './step.ts';

/** What the metadata of a whole repository says, in one shape for TUF and Notary v1. */
export interface MetadataEvidence {
  /** The walk through its roles. One that fails is the last. */
  readonly steps: readonly Step[];
  /** What its tags are; none unless every step holds. */
  readonly tags: readonly NamedTag[];
}

/** A tag as metadata names it. */
export interface NamedTag {
  /** `host/repository:tag`. */
  readonly reference: string;
  /** Of the list. */
  readonly digest: Digest;
  /** Bytes in the list. */
  readonly size: number;
}
