import { type Check } from './check-ranges.ts';
import { type Mirror } from '../../mirrors/mirror.ts';
import { type TriedWay, type UrlAddresses } from '../../mirrors/url-states.ts';
import { type MirrorProbe, type ProbeFailure } from '../../ports/mirror-probe.ts';
import { type TreeReader } from '../../ports/tree.ts';
import { type EvidenceCheck } from './mirror-evidence.ts';

export interface ProbeJob {
  readonly mirror: Mirror;
  /** The serial known so far; 0 is unknown. */
  readonly serial: number;
  readonly askSerial: boolean;
  /** Checks of what is new, when a mirror says that it has come from one serial to a higher one. */
  readonly newest: (above: number, upTo: number) => Iterable<Check>;
  /** The checks to make, once the serial is known. They are made in order until one fails. */
  readonly checks: (serial: number) => Iterable<Check>;
  /** What to look at when the origin has nothing of what these are about. */
  readonly instead: (serial: number) => Iterable<Check>;
  /** The checks amount to a full check. */
  readonly full: boolean;
  /** By which of the ways to the mirror to begin: it is counted up, so that each has its turn. */
  readonly turn: number;
  /** Every other way is to be looked at, too. */
  readonly everyWay: boolean;
  /** It is to be asked for several parts at once. */
  readonly trySeveral: boolean;
  /** What clients seem to have failed at, when that is what the checks are for. */
  readonly evidence?: EvidenceCheck;
}

/** What a visit to a mirror has shown, good or bad. */
export interface VisitReport {
  /** Requests made, and bytes of bodies read. */
  readonly requests: number;
  readonly bytes: number;
  readonly addresses: readonly UrlAddresses[];
  readonly tried: readonly TriedWay[];
  /** The first of the certificates that ends, in milliseconds since the epoch. */
  readonly certificateExpires?: number;
  /** How long a part of a blob took, in milliseconds. */
  readonly responseTime?: number;
}

export type VisitResult =
  | {
      readonly ok: true;
      readonly serial: number;
      /** What is not right about the mirror although it has passed. */
      readonly warning?: string;
      /** Whether it sends several parts at once; undefined when it was not asked to. */
      readonly severalParts?: boolean;
    }
  | {
      readonly ok: false;
      readonly wrongBytes: boolean;
      /** Why, as one of few words. */
      readonly failure: ProbeFailure | 'ahead';
      /** Why, for people. */
      readonly reason: string;
      /** The part that the mirror failed on. */
      readonly failed?: Check;
      /** It has no address that this machine may connect to. */
      readonly unreachable?: true;
    };

export type ProbeFinding = VisitReport & VisitResult;

export interface ProbeMirrorDeps {
  readonly probe: MirrorProbe;
  readonly tree: Pick<TreeReader, 'readBlob'>;
  /** The publication serial of the tree now. */
  readonly treeSerial: () => number;
  /** For each request, in milliseconds. A whole blob takes as long as it takes, at a least rate. */
  readonly probeTimeout: number;
}
