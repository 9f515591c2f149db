import { type Digest, quote } from '../../oci/digest.ts';
import type { SignatureEvidence } from '../evidence.ts';
import type { AskedImage } from '../verify/signed-name.ts';
import { type Step, failed, passed } from '../verify/step.ts';
import { identityMatches } from './identity-matches.ts';
import type { PolicyRequirement } from './policy.ts';
import { readContainersPayload } from './read-payload.ts';
import { formatTime } from '../../text/format-time.ts';

/**
 * Whether one requirement of a policy.json holds for a digest. `evidence` has what the requirement's own keys make of
 * the signatures; one good signature is enough. `now` is in milliseconds since the epoch.
 */
export function judgeContainersRequirement(
  requirement: PolicyRequirement,
  evidence: readonly SignatureEvidence[],
  asked: AskedImage,
  digest: Digest,
  now: number,
): Step {
  switch (requirement.type) {
    case 'insecureAcceptAnything':
      return passed('insecureAcceptAnything', 'nothing is demanded');
    case 'reject':
      return failed('reject', 'rejected', 'the policy rejects every image of this scope');
    case 'sigstoreSigned':
      return failed('sigstoreSigned', 'unsupported', 'Signpost does not judge this kind of requirement');
    case 'signedBy':
      break;
  }
  const name = `signedBy, ${requirement.signedIdentity.type}`;
  let furthest: Refused | undefined;
  for (const item of evidence) {
    const judged = judge(item, requirement.signedIdentity, asked, digest, now);
    if ('fingerprint' in judged) return passed(name, `${judged.reference} by key ${judged.fingerprint}`);
    if (furthest === undefined || judged.rank > furthest.rank) furthest = judged;
  }
  return furthest === undefined
    ? failed(name, 'missing', 'there is no signature')
    : failed(name, furthest.reason, furthest.detail);
}

interface Refused {
  readonly reason: string;
  readonly detail: string;
  /** Of several, the signature that came furthest tells most. */
  readonly rank: number;
}

function judge(
  evidence: SignatureEvidence,
  identity: Extract<PolicyRequirement, { type: 'signedBy' }>['signedIdentity'],
  asked: AskedImage,
  digest: Digest,
  now: number,
): Refused | { readonly fingerprint: string; readonly reference: string } {
  const refuse = (rank: number, reason: string, detail: string) => ({ rank, reason, detail });
  switch (evidence.kind) {
    case 'forged':
      return refuse(0, 'forged', `the signature is forged or damaged: ${evidence.reason}`);
    case 'unknown-key':
      return refuse(
        1,
        'unknown-key',
        `the signature was made by key ${evidence.keyId}, which the policy does not know`,
      );
    case 'unusable-key':
      return refuse(
        2,
        'unusable-key',
        `the signature was made by key ${evidence.fingerprint}: ${evidence.reason}`,
      );
    case 'signed':
      break;
  }
  const { payload, expires, fingerprint } = evidence;
  try {
    const found = readContainersPayload(payload);
    if (found.digest !== digest) {
      return refuse(4, 'wrong-digest', `the signature is for ${found.digest}, not for ${digest}`);
    }
    if (!identityMatches(identity, asked, found.reference)) {
      return refuse(5, 'wrong-reference', `the signature is for another name: for ${quote(found.reference)}`);
    }
    if (expires !== undefined && expires <= now) {
      return refuse(6, 'expired', `the signature expired on ${formatTime(expires)}`);
    }
    return { fingerprint, reference: found.reference };
  } catch (error) {
    return refuse(3, 'wrong-payload', (error as Error).message);
  }
}
