import type { SignatureReader } from '../trust/signing.ts';
import { judgeContainersRequirement } from '../trust/containers-policy/judge-containers.ts';
import type { PolicyRequirement } from '../trust/containers-policy/policy.ts';
import type { SignatureEvidence } from '../trust/evidence.ts';
import { allOf } from '../trust/verify/step.ts';
import type { ChainPolicy, FoundEnvelopes } from './chain-policy.ts';

/** The requirements of one scope of a policy.json: all of them must hold, for the list and for every manifest. */
export function createContainersPolicy(
  scope: string,
  requirements: readonly PolicyRequirement[],
  readers: ReadonlyMap<PolicyRequirement, SignatureReader>,
): ChainPolicy {
  return {
    formats: readers.size > 0 ? ['simple'] : [],
    tellsSerials: false,
    async judge({ asked, content, envelopes }, now) {
      const found = envelopes.get('simple') ?? [];
      const steps = requirements.map((requirement) => {
        const evidence = readAll(readers.get(requirement), found, now);
        return judgeContainersRequirement(requirement, evidence, asked, content.digest, now);
      });
      // Signatures of other tools carry no serial: an older state cannot be told by them.
      return { step: allOf(`requirements of ${scope}`, steps), serial: 0 };
    },
  };
}

function readAll(
  reader: SignatureReader | undefined,
  found: FoundEnvelopes,
  now: number,
): readonly SignatureEvidence[] {
  if ('wrong' in found) return [{ kind: 'forged', reason: found.wrong }];
  return reader === undefined ? [] : found.map((message) => reader.read(message, now));
}
