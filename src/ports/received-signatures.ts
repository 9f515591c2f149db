import type { Digest } from '../oci/digest.ts';
import type { RepositoryName, TagName } from '../oci/reference.ts';
import type { SignatureFormat } from '../trust/signature-format.ts';

/** A staged image as one signing request named it: signatures for it count together. */
export interface RequestedTag {
  readonly repository: RepositoryName;
  readonly tag: TagName;
  readonly list: Digest;
  /** Of the signing request. */
  readonly serial: number;
}

/** A signature that was verified when it was received. */
export interface ReceivedSignature {
  readonly format: SignatureFormat;
  readonly digest: Digest;
  /** Of the key that made it. */
  readonly fingerprint: string;
  readonly signature: Uint8Array;
}

/** Signatures of staged images that need more keys than have signed so far. Throws SignpostError STORAGE. */
export interface ReceivedSignatures {
  /** In the order of their formats, fingerprints and digests. */
  list(image: RequestedTag): Promise<readonly ReceivedSignature[]>;
  /**
   * Keeps signatures, in place of those that the same keys made in the same formats for the same digests. Those that were received for
   * another list, or for an older request for the tag, are forgotten.
   */
  put(image: RequestedTag, signatures: readonly ReceivedSignature[]): Promise<void>;
  remove(repository: RepositoryName, tag: TagName): Promise<void>;
}
