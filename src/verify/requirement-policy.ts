import type { FormatReader } from '../ports/signing.ts';
import type { Evidence } from '../trust/evidence.ts';
import { judgeRequirement } from '../trust/verify/judge-requirement.ts';
import {
  type Requirement,
  type SignedRequirement,
  type VerifyingRule,
  leavesOf,
} from '../trust/verify/requirement.ts';
import { expectedName } from '../trust/verify/signed-name.ts';
import type { ChainPolicy, FoundEnvelopes } from './chain-policy.ts';

/** A policy of Signpost's own kind. Each leaf reads signatures with its own keys alone. */
export function createRequirementPolicy(
  requirement: Requirement,
  rule: VerifyingRule,
  readers: ReadonlyMap<SignedRequirement, FormatReader>,
): ChainPolicy {
  const leaves = leavesOf(requirement);
  return {
    formats: [...new Set(leaves.map(({ format }) => format))],
    tellsSerials: true,
    async judge({ asked, content, list, seen, envelopes }, now) {
      const evidence = new Map<SignedRequirement, readonly Evidence[]>();
      for (const leaf of leaves) {
        evidence.set(leaf, await readAll(readers.get(leaf), envelopes.get(leaf.format) ?? []));
      }
      const expected = {
        ...content,
        name: expectedName(asked, rule.name),
        list,
        ...(seen === undefined ? {} : { seen }),
      };
      return judgeRequirement(requirement, evidence, rule, expected, now);
    },
  };
}

async function readAll(
  reader: FormatReader | undefined,
  envelopes: FoundEnvelopes,
): Promise<readonly Evidence[]> {
  if ('wrong' in envelopes) return [{ kind: 'forged', reason: envelopes.wrong }];
  if (reader === undefined) return [];
  return Promise.all(envelopes.map((envelope) => reader.read(envelope)));
}
