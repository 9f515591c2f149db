import type { Digest } from '../oci/digest.ts';
import type { ClientNetwork } from '../net/client-network.ts';
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

/** A client probably failed at a mirror: soon after it was sent there for a blob, it asked for it again. */
export interface FailureReport {
  readonly target: ProbeTarget;
  readonly network: ClientNetwork;
  /** Where the part begins that it asks for now; undefined when it asks for all of it. */
  readonly offset: number | undefined;
}

export type AddressFamily = 4 | 6;

/** One way to a mirror: one of its URLs, over one address family. */
export interface MirrorWay {
  readonly mirror: Mirror;
  readonly url: string;
  readonly family: AddressFamily;
}

/** What an answer cost and showed, whether it was good or not. */
interface Answered {
  /** How much of a body was read; undefined when none was. */
  readonly bytes?: number;
  /** When the certificate ends that was shown, in milliseconds since the epoch. */
  readonly certificateExpires?: number;
}

export type ProbeOutcome =
  ({ readonly ok: true; readonly milliseconds: number } & Answered) | (ProbeProblem & Answered);

export interface ProbeProblem {
  readonly ok: false;
  readonly reason: ProbeFailure;
  readonly detail: string;
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
  | 'address-not-allowed'
  /** This machine has no route for the address family: that says nothing about the mirror. */
  | 'no-route';

/** The families of which a URL's host has addresses that may be connected to: one at least. */
export type FamiliesOutcome =
  { readonly ok: true; readonly families: readonly AddressFamily[] } | ProbeProblem;

/** Asks a mirror for something. It never throws for what a mirror does; a mirror's answer is hostile and bounded. */
export interface MirrorProbe {
  findFamilies(mirror: Mirror, url: string, signal: AbortSignal): Promise<FamiliesOutcome>;
  /** Fetches a part of a blob, or several in one answer, and compares what comes with `expected`. */
  checkRange(
    way: MirrorWay,
    target: ProbeTarget,
    range: ByteRange | readonly ByteRange[],
    expected: Uint8Array,
    signal: AbortSignal,
  ): Promise<ProbeOutcome>;
  /** Asks whether a blob of the right size is there, without its bytes. */
  checkHead(way: MirrorWay, target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome>;
  /** Fetches a whole blob and compares its digest. A mirror that sends too slowly for that has failed. */
  checkWhole(way: MirrorWay, target: ProbeTarget, signal: AbortSignal): Promise<ProbeOutcome>;
  /** The serial in the mirror's `publication.json`. What has not changed is not sent again. */
  readSerial(way: MirrorWay, signal: AbortSignal): Promise<SerialOutcome>;
}

export type SerialOutcome =
  ({ readonly ok: true; readonly serial: number } & Answered) | (ProbeProblem & Answered);
