import type { Digest } from '../oci/digest.ts';
import type { Mirror } from '../mirrors/mirror.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { ByteRange } from '../oci/range.ts';

/** A blob whose bytes the origin can compare. */
export interface ProbeTarget {
  readonly repository: RepositoryName;
  readonly digest: Digest;
  /** In bytes. */
  readonly size: number;
}

export type ProbeOutcome =
  | { readonly ok: true; readonly milliseconds: number; readonly families?: AddressFamilies }
  | { readonly ok: false; readonly reason: ProbeFailure; readonly detail: string };

/** Of which families the mirror's name has addresses, allowed ones only. */
export interface AddressFamilies {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
}

export type ProbeFailure =
  | 'refused'
  | 'timeout'
  | 'tls'
  | 'status'
  | 'truncated'
  | 'wrong-bytes'
  | 'no-range'
  | 'redirect'
  /** publication.json is there and is not what it must be. */
  | 'marker'
  | 'address-not-allowed';

/** Asks a mirror for something. It never throws for what a mirror does; a mirror's answer is hostile and bounded. */
export interface MirrorProbe {
  /** Fetches a part of a blob and compares it with `expected`. */
  checkRange(
    mirror: Mirror,
    target: ProbeTarget,
    range: ByteRange,
    expected: Uint8Array,
    signal: AbortSignal,
  ): Promise<ProbeOutcome>;
  /** The serial in the mirror's `publication.json`. */
  readSerial(mirror: Mirror, signal: AbortSignal): Promise<SerialOutcome>;
}

/** `bytes` is how much of the marker was read, when some was. */
export type SerialOutcome = (
  { readonly ok: true; readonly serial: number } | Extract<ProbeOutcome, { ok: false }>
) & { readonly bytes?: number };
