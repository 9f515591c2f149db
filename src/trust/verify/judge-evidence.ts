import { clockTolerance } from '../compare-clocks.ts';
import { type Digest, quote } from '../../oci/digest.ts';
import { describeRefusal } from '../describe-refusal.ts';
import type { Evidence, StatedEvidence } from '../evidence.ts';
import type { SignatureRefusal } from '../judge-signature.ts';
import type { SeenTag, SignedRequirement, VerifyingRule } from './requirement.ts';
import { nameMatches } from './signed-name.ts';
import { formatTime } from '../../text/format-time.ts';

/** Against what a signature is judged. */
export interface ExpectedImage {
  /** What {@link expectedName} gave. */
  readonly name: string;
  readonly digest: Digest;
  readonly mediaType?: string;
  /** In bytes. */
  readonly size?: number;
  readonly seen?: SeenTag;
  /** Of the list that the tag leads to now. */
  readonly list: Digest;
}

/** Why a signature does not count for somebody who pulls. */
export type VerifyRefusal =
  | Exclude<SignatureRefusal, { kind: 'wrong-serial' | 'lives-too-long' }>
  | { readonly kind: 'too-old'; readonly created: number; readonly maximum: number }
  | { readonly kind: 'rollback'; readonly found: number; readonly seen: number }
  | { readonly kind: 'conflict'; readonly serial: number; readonly seen: string };

export type EvidenceVerdict =
  | { readonly accepted: true; readonly evidence: StatedEvidence }
  | { readonly accepted: false; readonly reason: VerifyRefusal };

/** Judges one signature. `now` is in milliseconds since the epoch. */
export function judgeEvidence(
  evidence: Evidence,
  { fingerprints }: Pick<SignedRequirement, 'fingerprints'>,
  rule: VerifyingRule,
  expected: ExpectedImage,
  now: number,
): EvidenceVerdict {
  switch (evidence.kind) {
    case 'forged':
      return refuse({ kind: 'forged', detail: evidence.reason });
    case 'unknown-key':
      return refuse({ kind: 'unknown-key', keyId: evidence.keyId });
    case 'unusable-key':
      return refuse({ ...evidence, detail: evidence.reason });
    case 'signed':
    case 'wrong-payload':
      break;
  }
  const { fingerprint } = evidence;
  if (!fingerprints.has(fingerprint)) return refuse({ kind: 'not-allowed-key', fingerprint });
  if (evidence.kind === 'wrong-payload') return refuse({ kind: 'wrong-payload', detail: evidence.reason });
  const reason =
    refuseContent(evidence, expected) ?? refuseTime(evidence, rule, now) ?? refuseSerial(evidence, expected);
  return reason === undefined ? { accepted: true, evidence } : refuse(reason);
}

/** How far a signature came: of several that do not count, the one that came furthest tells most. */
export function progressOf({ kind }: VerifyRefusal): number {
  return order.indexOf(kind);
}

const order: readonly VerifyRefusal['kind'][] = [
  'forged',
  'unknown-key',
  'unusable-key',
  'not-allowed-key',
  'wrong-payload',
  'wrong-digest',
  'wrong-descriptor',
  'wrong-reference',
  'no-expiry',
  'not-yet-valid',
  'expired',
  'too-old',
  'conflict',
  'rollback',
];

/** A refusal in words. */
export function describeVerifyRefusal(reason: VerifyRefusal): string {
  switch (reason.kind) {
    case 'rollback':
      return `the signature belongs to signing request ${reason.found}, but request ${reason.seen} was seen before: this is an older state`;
    case 'conflict':
      return `the signature belongs to signing request ${reason.serial}, which was seen before with ${reason.seen}: two images claim one request`;
    case 'too-old':
      return `the signature was made on ${formatTime(reason.created)}: the policy allows ${Math.round(reason.maximum / 8_640_000) / 10} days`;
    case 'no-expiry':
      return 'the signature never expires, and the policy gives no maximumAge';
    case 'unknown-key':
      return `the signature was made by key ${reason.keyId}, which the policy does not know`;
    case 'not-allowed-key':
      return `the signature was made by key ${reason.fingerprint}, which the policy does not allow here`;
    case 'wrong-reference':
      return `the signature is for another name: for ${quote(reason.found)}, not for ${quote(reason.expected)}`;
    case 'forged':
    case 'unusable-key':
    case 'wrong-payload':
    case 'wrong-digest':
    case 'wrong-descriptor':
    case 'not-yet-valid':
    case 'expired':
      return describeRefusal(reason);
  }
}

function refuseContent(signed: StatedEvidence, expected: ExpectedImage): VerifyRefusal | undefined {
  if (signed.digest !== expected.digest) {
    return { kind: 'wrong-digest', found: signed.digest, expected: expected.digest };
  }
  for (const key of ['mediaType', 'size'] as const) {
    const [found, wanted] = [signed[key], expected[key]];
    if (found === undefined || wanted === undefined || found === wanted) continue;
    return { kind: 'wrong-descriptor', found: String(found), expected: String(wanted) };
  }
  return nameMatches(expected.name, signed.reference)
    ? undefined
    : { kind: 'wrong-reference', found: signed.reference, expected: expected.name };
}

function refuseTime(
  { created, expires }: StatedEvidence,
  { maximumAge }: VerifyingRule,
  now: number,
): VerifyRefusal | undefined {
  if (expires === undefined && maximumAge === undefined) return { kind: 'no-expiry' };
  if (created > now + clockTolerance) return { kind: 'not-yet-valid', created };
  if (expires !== undefined && expires <= now) return { kind: 'expired', created, expires };
  if (maximumAge !== undefined && now - created > maximumAge) {
    return { kind: 'too-old', created, maximum: maximumAge };
  }
  return undefined;
}

function refuseSerial({ serial }: StatedEvidence, { seen, list }: ExpectedImage): VerifyRefusal | undefined {
  if (seen === undefined) return undefined;
  if (serial < seen.serial) return { kind: 'rollback', found: serial, seen: seen.serial };
  // A signing request names each tag once.
  return serial === seen.serial && list !== seen.digest
    ? { kind: 'conflict', serial, seen: seen.digest }
    : undefined;
}

function refuse(reason: VerifyRefusal): EvidenceVerdict {
  return { accepted: false, reason };
}
