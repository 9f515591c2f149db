import type { Digest } from '../oci/digest.ts';

/**
 * The signing requests that the origin wrote. What answers none of them is not accepted: a request that somebody else
 * made, or changed on its way, could carry a serial after which every honest request is too old. Throws SignpostError
 * STORAGE.
 */
export interface IssuedRequests {
  /** Remembers the SHA-256 of a request's whole file. */
  add(serial: number, request: Digest): Promise<void>;
  /** Undefined when no request with this serial was written here, or a great many have been since. */
  find(serial: number): Promise<Digest | undefined>;
}

/** As many requests are remembered at least. */
export const issuedLimit = 100_000;
