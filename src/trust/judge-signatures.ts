import type { Evidence, StatedEvidence } from './evidence.ts';
import {
  type ExpectedContent,
  type SignaturePolicy,
  type SignatureRefusal,
  judgeSignature,
} from './judge-signature.ts';

/** Why the signatures of a digest do not satisfy the policy. */
export type Refusal =
  | SignatureRefusal
  | { readonly kind: 'missing' }
  | { readonly kind: 'threshold'; readonly have: number; readonly need: number };

export type Verdict =
  | {
      readonly accepted: true;
      /** Until when enough of them hold, in milliseconds since the epoch; infinite when they never expire. */
      readonly expires: number;
      /** What each key signed: of several the newest. */
      readonly signed: readonly StatedEvidence[];
    }
  | { readonly accepted: false; readonly reason: Refusal };

/**
 * Whether the signatures of one digest satisfy the policy. Several signatures by one key count once. When none of
 * them counts, the reason is that of the one that came furthest, since it tells most.
 */
export function judgeSignatures(
  evidence: readonly Evidence[],
  policy: SignaturePolicy,
  expected: ExpectedContent,
  now: number,
): Verdict {
  const good = new Map<string, StatedEvidence>();
  let furthest: SignatureRefusal | undefined;
  for (const item of evidence) {
    const judgement = judgeSignature(item, policy, expected, now);
    if (judgement.accepted) {
      const { fingerprint } = judgement.evidence;
      good.set(fingerprint, newer(good.get(fingerprint), judgement.evidence));
    } else if (furthest === undefined || progressOf(judgement.reason) > progressOf(furthest)) {
      furthest = judgement.reason;
    }
  }
  const { threshold } = policy;
  // The policy holds for as long as `threshold` keys do: until the one with the threshold-th latest expiry is gone.
  const expires = [...good.values()].map(expiryOf).sort((a, b) => b - a)[threshold - 1];
  if (expires !== undefined) return { accepted: true, expires, signed: [...good.values()] };
  if (good.size > 0) {
    return { accepted: false, reason: { kind: 'threshold', have: good.size, need: threshold } };
  }
  return { accepted: false, reason: furthest ?? { kind: 'missing' } };
}

function newer(before: StatedEvidence | undefined, next: StatedEvidence): StatedEvidence {
  if (before === undefined || before.serial < next.serial) return next;
  return before.serial === next.serial && expiryOf(before) <= expiryOf(next) ? next : before;
}

function expiryOf({ expires }: StatedEvidence): number {
  return expires ?? Number.POSITIVE_INFINITY;
}

/** How far a signature came. */
function progressOf({ kind }: SignatureRefusal): number {
  return order.indexOf(kind);
}

const order: readonly SignatureRefusal['kind'][] = [
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
  'lives-too-long',
  'too-old',
  'wrong-serial',
  'conflict',
  'rollback',
];
