import type { Evidence } from './evidence.ts';
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
      /** Until when enough of them hold, in milliseconds since the epoch. */
      readonly expires: number;
      /** The keys that signed, each once. */
      readonly fingerprints: readonly string[];
    }
  | { readonly accepted: false; readonly reason: Refusal };

/**
 * Whether the signatures of one digest satisfy the policy. Several signatures by one key count once. When none of
 * them counts, the reason is that of the first.
 */
export function judgeSignatures(
  evidence: readonly Evidence[],
  policy: SignaturePolicy,
  expected: ExpectedContent,
  now: number,
): Verdict {
  const expiries = new Map<string, number>();
  let first: SignatureRefusal | undefined;
  for (const item of evidence) {
    const judgement = judgeSignature(item, policy, expected, now);
    if (judgement.accepted) {
      const { fingerprint, expires } = judgement;
      expiries.set(fingerprint, Math.max(expires, expiries.get(fingerprint) ?? 0));
    } else {
      first ??= judgement.reason;
    }
  }
  // The policy holds for as long as `threshold` keys do: until the one with the threshold-th latest expiry is gone.
  const expires = [...expiries.values()].sort((a, b) => b - a)[policy.threshold - 1];
  if (expires !== undefined) return { accepted: true, expires, fingerprints: [...expiries.keys()] };
  if (expiries.size > 0) {
    return { accepted: false, reason: { kind: 'threshold', have: expiries.size, need: policy.threshold } };
  }
  return { accepted: false, reason: first ?? { kind: 'missing' } };
}
