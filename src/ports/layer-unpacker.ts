import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';

/** What is inside a layer: the digest of its tar; or that it is damaged; or compressed in a way that is not read. */
export type UnpackedLayer =
  | { readonly kind: 'unpacked'; readonly diffId: Digest }
  | { readonly kind: 'damaged'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly compression: string };

export interface UnpackOptions {
  /** Bytes after decompression: what unpacks to more is not unpacked. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/**
 * Unpacks layers to hash them; nothing is kept. What a layer's first bytes say of its compression counts, as with
 * clients. Throws SignpostError: NOT_FOUND, CANCELLED, STORAGE.
 */
export interface LayerUnpacker {
  unpack(digest: Digest, from: 'staging' | RepositoryName, options: UnpackOptions): Promise<UnpackedLayer>;
}
