import { isDigest } from '../oci/digest.ts';
import { type TagName, parseRegistryHost, parseRepositoryName } from '../oci/reference.ts';
import type { FormatReader } from '../trust/signing.ts';
import type { Evidence } from '../trust/evidence.ts';
import type { Collection } from '../trust/notary-v1/names.ts';
import { judgeRequirement } from '../trust/verify/judge-requirement.ts';
import type { MetadataEvidence } from '../trust/verify/metadata-evidence.ts';
import {
  type NamedRequirement,
  type Requirement,
  type SignedRequirement,
  type VerifyingRule,
  leavesOf,
} from '../trust/verify/requirement.ts';
import { type AskedImage, type NameRule, expectedName, remapPrefix } from '../trust/verify/signed-name.ts';
import type { ChainPolicy, FoundEnvelopes } from './chain-policy.ts';
import type { MetadataReader } from './metadata-reader.ts';

/** What reads for each leaf, with that leaf's keys alone. */
export interface LeafReaders {
  readonly signatures: ReadonlyMap<SignedRequirement, FormatReader>;
  readonly metadata: ReadonlyMap<NamedRequirement, MetadataReader>;
}

/** A policy of Signpost's own kind, for one image. */
export function createRequirementPolicy(
  requirement: Requirement,
  rule: VerifyingRule,
  readers: LeafReaders,
): ChainPolicy {
  const leaves = leavesOf(requirement);
  // Metadata is of the whole repository: it is read once, and is the same for the list and its manifests.
  const metadata = new Map<NamedRequirement, MetadataEvidence>();
  return {
    formats: [...new Set(leaves.flatMap((leaf) => (leaf.kind === 'signed' ? [leaf.format] : [])))],
    tellsSerials: true,
    async judge({ asked, content, list, seen, envelopes }, now) {
      const signatures = new Map<SignedRequirement, readonly Evidence[]>();
      for (const leaf of leaves) {
        if (leaf.kind === 'signed') {
          const found = envelopes.get(leaf.format) ?? [];
          signatures.set(leaf, readAll(readers.signatures.get(leaf), found, now));
        } else if (!metadata.has(leaf)) {
          const read = await readers.metadata
            .get(leaf)
            ?.read(collectionOf(asked, rule.name), now, tagOf(asked));
          if (read !== undefined) metadata.set(leaf, read);
        }
      }
      const expected = {
        ...content,
        name: expectedName(asked, rule.name),
        list,
        ...(seen === undefined ? {} : { seen }),
      };
      return judgeRequirement(requirement, { signatures, metadata }, rule, expected, now);
    },
  };
}

function tagOf({ reference }: AskedImage): TagName | undefined {
  return isDigest(reference) ? undefined : reference;
}

/** The repository under the name that it is signed with. */
function collectionOf({ host, repository }: AskedImage, { remap }: NameRule): Collection {
  const name = remapPrefix(`${host}/${repository}`, remap);
  const slash = name.indexOf('/');
  return {
    registry: parseRegistryHost(name.slice(0, Math.max(slash, 0))),
    repository: parseRepositoryName(name.slice(slash + 1)),
  };
}

function readAll(
  reader: FormatReader | undefined,
  envelopes: FoundEnvelopes,
  now: number,
): readonly Evidence[] {
  if ('wrong' in envelopes) return [{ kind: 'forged', reason: envelopes.wrong }];
  if (reader === undefined) return [];
  return envelopes.map((envelope) => reader.read(envelope, now));
}
