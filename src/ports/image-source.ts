import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';

/** Bytes as they were read from a source, with the media type that the source gave them, if it gave one. */
export interface SourceManifest {
  readonly bytes: Uint8Array;
  readonly mediaType: string | undefined;
  /** What an index says of a manifest that it names, for what the image's config leaves open. */
  readonly platform?: Platform | undefined;
}

/**
 * Where an image is copied from: a registry, an OCI layout, an archive. Everything that it returns is hostile until
 * its digest has been checked by the caller. Every method throws SignpostError: SOURCE_INVALID, NOT_FOUND, DENIED,
 * LIMIT_EXCEEDED, UNAVAILABLE.
 */
export interface ImageSource {
  /** What was asked for, as a person would write it. */
  readonly name: string;
  /** The manifest or list that the source's reference names; at most the manifest limit in bytes. */
  root(): Promise<SourceManifest>;
  /** A manifest that a list names. */
  manifest(descriptor: Descriptor): Promise<SourceManifest>;
  /**
   * The bytes of a blob from `offset` on. A source that cannot start in the middle throws SOURCE_INVALID for an
   * offset above 0, and the caller starts again from 0. A piece holds until the next one is asked for: the source may
   * write into it again then. Large pieces (256 KiB to 1 MiB) copy fastest.
   */
  blob(descriptor: Descriptor, offset: number, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Whether the blob is there, for sources that know without fetching it. */
  holds?(descriptor: Descriptor): Promise<boolean>;
  /**
   * What the source knows to refer to a digest (image-spec 1.1, "subject"); whether it does, the manifest itself tells.
   * A source without this method knows nothing of the kind.
   */
  referrers?(digest: Digest): Promise<readonly Descriptor[]>;
  /** Frees what the source holds (connections, temporary files). */
  close(): Promise<void>;
}
