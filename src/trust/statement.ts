import type { Digest } from '../oci/digest.ts';

/** What a signing event states of one manifest, for one tag. Every format says it in its own words. */
export interface Statement {
  /** `host/repository:tag`. */
  readonly reference: string;
  /** Of the list or of a manifest that it names. */
  readonly digest: Digest;
  readonly mediaType: string;
  /** In bytes. */
  readonly size: number;
  /** The serial of the signing request: what keeps an old signature from being published again. */
  readonly serial: number;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** The program that made it. */
  readonly creator: string;
}
