import { clockTolerance } from './compare-clocks.ts';
import type { Digest } from '../oci/digest.ts';
import type { Evidence, StatedEvidence } from './evidence.ts';
import { nameMatches } from './verify/signed-name.ts';

/** What a signature has to be, whoever asks: an origin that is about to publish, or somebody who pulls. */
export interface SignatureRule {
  /** Fingerprints of the keys that may sign, as evidence names them. */
  readonly fingerprints: ReadonlySet<string>;
  /** Milliseconds from a signature's creation to its expiry. */
  readonly maximumValidity?: number | undefined;
  /** Milliseconds since it was made; without it a signature has to carry an expiry of its own. */
  readonly maximumAge?: number | undefined;
}

/** What the signatures of a digest have to be together. */
export interface SignaturePolicy extends SignatureRule {
  /** How many different keys must have signed; 1 or more. */
  readonly threshold: number;
}

/** What a signature has to say. */
export interface ExpectedContent {
  /** `host/repository:tag`; or `host/repository`, for any tag of it. */
  readonly reference: string;
  readonly digest: Digest;
  /** Of the manifest; not looked at in formats that do not sign it. */
  readonly mediaType?: string | undefined;
  /** Of the manifest in bytes; likewise. */
  readonly size?: number | undefined;
  /** The serial of the signing request, where it is known which one has to be answered. */
  readonly serial?: number | undefined;
  /** What was seen of the tag before, where it is not. */
  readonly seen?: SeenTag | undefined;
  /** Of the list that the tag leads to now, to be compared with what was seen. */
  readonly list?: Digest | undefined;
}

/** What was seen of a tag before: nothing older is believed any more. */
export interface SeenTag {
  /** The highest serial of a signing request. */
  readonly serial: number;
  /** Of the list that it signed. */
  readonly digest: string;
}

/**
 * Why a signature does not count. `forged` is no signature at all; everything else but `unknown-key` is one that
 * holds and says or is something that was not asked for.
 */
export type SignatureRefusal =
  | { readonly kind: 'forged'; readonly detail: string }
  | { readonly kind: 'unknown-key'; readonly keyId: string }
  | { readonly kind: 'unusable-key'; readonly fingerprint: string; readonly detail: string }
  | { readonly kind: 'not-allowed-key'; readonly fingerprint: string }
  | { readonly kind: 'no-expiry' }
  | { readonly kind: 'expired'; readonly created: number; readonly expires: number }
  | { readonly kind: 'not-yet-valid'; readonly created: number }
  | { readonly kind: 'lives-too-long'; readonly life: number; readonly maximum: number }
  | { readonly kind: 'wrong-payload'; readonly detail: string }
  | { readonly kind: 'wrong-reference'; readonly found: string; readonly expected: string }
  | { readonly kind: 'wrong-digest'; readonly found: Digest; readonly expected: Digest }
  | { readonly kind: 'wrong-descriptor'; readonly found: string; readonly expected: string }
  | { readonly kind: 'wrong-serial'; readonly found: number; readonly expected: number }
  | { readonly kind: 'too-old'; readonly created: number; readonly maximum: number }
  | { readonly kind: 'rollback'; readonly found: number; readonly seen: number }
  | { readonly kind: 'conflict'; readonly serial: number; readonly seen: string };

export type SignatureJudgement =
  | { readonly accepted: true; readonly evidence: StatedEvidence }
  | { readonly accepted: false; readonly reason: SignatureRefusal };

/**
 * Judges one signature: that it holds, by a key that may sign; then what it says; then its times; then the request that
 * it answers. `now` is in milliseconds since the epoch.
 */
export function judgeSignature(
  evidence: Evidence,
  rule: SignatureRule,
  expected: ExpectedContent,
  now: number,
): SignatureJudgement {
  switch (evidence.kind) {
    case 'forged':
      return refuse({ kind: 'forged', detail: evidence.reason });
    case 'unknown-key':
      return refuse({ kind: 'unknown-key', keyId: evidence.keyId });
    case 'unusable-key':
      return refuse({ kind: 'unusable-key', fingerprint: evidence.fingerprint, detail: evidence.reason });
    case 'signed':
    case 'wrong-payload':
      break;
  }
  const { fingerprint } = evidence;
  if (!rule.fingerprints.has(fingerprint)) return refuse({ kind: 'not-allowed-key', fingerprint });
  if (evidence.kind === 'wrong-payload') return refuse({ kind: 'wrong-payload', detail: evidence.reason });
  const reason =
    refuseContent(evidence, expected) ?? refuseTimes(evidence, rule, now) ?? refuseSerial(evidence, expected);
  return reason === undefined ? { accepted: true, evidence } : refuse(reason);
}

function refuseContent(signed: StatedEvidence, expected: ExpectedContent): SignatureRefusal | undefined {
  if (signed.digest !== expected.digest) {
    return { kind: 'wrong-digest', found: signed.digest, expected: expected.digest };
  }
  for (const key of ['mediaType', 'size'] as const) {
    const [found, wanted] = [signed[key], expected[key]];
    if (found === undefined || wanted === undefined || found === wanted) continue;
    return { kind: 'wrong-descriptor', found: String(found), expected: String(wanted) };
  }
  return nameMatches(expected.reference, signed.reference)
    ? undefined
    : { kind: 'wrong-reference', found: signed.reference, expected: expected.reference };
}

function refuseTimes(
  { created, expires }: StatedEvidence,
  { maximumAge, maximumValidity }: SignatureRule,
  now: number,
): SignatureRefusal | undefined {
  // Where clients enforce a signature's expiry, it is their only protection against a frozen mirror.
  if (expires === undefined && maximumAge === undefined) return { kind: 'no-expiry' };
  if (created > now + clockTolerance) return { kind: 'not-yet-valid', created };
  if (expires !== undefined && expires <= now) return { kind: 'expired', created, expires };
  const life = (expires ?? Number.POSITIVE_INFINITY) - created;
  if (maximumValidity !== undefined && life > maximumValidity) {
    return { kind: 'lives-too-long', life, maximum: maximumValidity };
  }
  if (maximumAge !== undefined && now - created > maximumAge) {
    return { kind: 'too-old', created, maximum: maximumAge };
  }
  return undefined;
}

function refuseSerial({ serial }: StatedEvidence, expected: ExpectedContent): SignatureRefusal | undefined {
  if (expected.serial !== undefined && serial !== expected.serial) {
    return { kind: 'wrong-serial', found: serial, expected: expected.serial };
  }
  const { seen, list } = expected;
  if (seen === undefined) return undefined;
  if (serial < seen.serial) return { kind: 'rollback', found: serial, seen: seen.serial };
  // A signing request names each tag once.
  return serial === seen.serial && list !== seen.digest
    ? { kind: 'conflict', serial, seen: seen.digest }
    : undefined;
}

function refuse(reason: SignatureRefusal): SignatureJudgement {
  return { accepted: false, reason };
}
