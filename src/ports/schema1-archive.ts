import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { Schema1Signer } from '../trust/schema1/verify-schema1.ts';

/** A Docker schema 1 manifest as it is kept: its bytes with the signatures in them, and what was found in them. */
interface ArchivedManifest {
  readonly repository: RepositoryName;
  /** Without the signatures. */
  readonly digest: Digest;
  readonly bytes: Uint8Array;
  readonly report: {
    /** Where it came from, as a person would write it. */
    readonly source: string;
    /** Milliseconds since the epoch. */
    readonly taken: number;
    readonly architecture: string;
    readonly layers: readonly Digest[];
    readonly signers: readonly Schema1Signer[];
  };
}

/** Where Docker schema 1 manifests are kept that were taken. It is no part of the tree: nothing of it is served. */
export interface Schema1Archive {
  /**
   * Keeps a manifest by its digest, in place of an earlier copy. Returns where.
   * @throws SignpostError STORAGE
   */
  keep(manifest: ArchivedManifest): Promise<string>;
}
