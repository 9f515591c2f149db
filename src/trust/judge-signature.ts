import { clockTolerance } from './compare-clocks.ts';
import type { Digest } from '../oci/digest.ts';
import type { Evidence, StatedEvidence } from './evidence.ts';

/** What the operator demands of the signatures of a repository. */
export interface SignaturePolicy {
  /** Fingerprints of the keys that may sign, as evidence names them. */
  readonly fingerprints: ReadonlySet<string>;
  /** How many different keys must have signed; 1 or more. */
  readonly threshold: number;
  /** Milliseconds from a signature's creation to its expiry. */
  readonly maximumValidity: number;
}

/** What a signature has to say. */
export interface ExpectedContent {
  /** `host/repository:tag`. */
  readonly reference: string;
  readonly digest: Digest;
  /** Of the manifest; not looked at in formats that do not sign it. */
  readonly mediaType?: string;
  /** Of the manifest in bytes; likewise. */
  readonly size?: number;
  /** The serial of the signing request. */
  readonly serial: number;
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
  | { readonly kind: 'wrong-serial'; readonly found: number; readonly expected: number };

export type SignatureJudgement =
  | { readonly accepted: true; readonly fingerprint: string; readonly expires: number }
  | { readonly accepted: false; readonly reason: SignatureRefusal };

/** Judges one signature. `now` is in milliseconds since the epoch. */
export function judgeSignature(
  evidence: Evidence,
  policy: Pick<SignaturePolicy, 'fingerprints' | 'maximumValidity'>,
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
  if (!policy.fingerprints.has(fingerprint)) return refuse({ kind: 'not-allowed-key', fingerprint });
  if (evidence.kind === 'wrong-payload') return refuse({ kind: 'wrong-payload', detail: evidence.reason });
  const { created, expires } = evidence;
  // Where clients enforce a signature's expiry, it is their only protection against a frozen mirror.
  if (expires === undefined) return refuse({ kind: 'no-expiry' });
  if (expires <= now) return refuse({ kind: 'expired', created, expires });
  if (created > now + clockTolerance) return refuse({ kind: 'not-yet-valid', created });
  const life = expires - created;
  if (life > policy.maximumValidity) {
    return refuse({ kind: 'lives-too-long', life, maximum: policy.maximumValidity });
  }
  const wrong = compareContent(evidence, expected);
  return wrong === undefined ? { accepted: true, fingerprint, expires } : refuse(wrong);
}

function compareContent(content: StatedEvidence, expected: ExpectedContent): SignatureRefusal | undefined {
  if (content.reference !== expected.reference) {
    return { kind: 'wrong-reference', found: content.reference, expected: expected.reference };
  }
  if (content.digest !== expected.digest) {
    return { kind: 'wrong-digest', found: content.digest, expected: expected.digest };
  }
  if (content.serial !== expected.serial) {
    return { kind: 'wrong-serial', found: content.serial, expected: expected.serial };
  }
  return compareDescriptor(content, expected);
}

function compareDescriptor(content: StatedEvidence, expected: ExpectedContent): SignatureRefusal | undefined {
  const differs = (key: 'mediaType' | 'size') =>
    content[key] !== undefined && expected[key] !== undefined && content[key] !== expected[key];
  for (const key of ['mediaType', 'size'] as const) {
    if (!differs(key)) continue;
    return { kind: 'wrong-descriptor', found: String(content[key]), expected: String(expected[key]) };
  }
  return undefined;
}

function refuse(reason: SignatureRefusal): SignatureJudgement {
  return { accepted: false, reason };
}
