import { describeClockDoubts } from '../compare-clocks.ts';
import type { Digest } from '../../oci/digest.ts';
import type { Glob } from '../glob.ts';
import type { SealEvidence, SealKey } from './seal.ts';
import { type TimeWindow, isInWindow } from './time-window.ts';
import { formatTime } from '../../text/format-time.ts';

/** What a signer may sign without asking a person. */
export interface SignerPolicy {
  readonly requesters: readonly NamedKey[];
  readonly approvers: readonly NamedKey[];
  /** Requests made longer ago than this wait for a person, in milliseconds. */
  readonly maximumAge: number;
  readonly rules: readonly SignerRule[];
  /** What is refused without asking anybody. */
  readonly refuse: readonly SignerTarget[];
}

/** A public key by the name that the rules know it by. */
export interface NamedKey extends SealKey {
  readonly name: string;
}

interface SignerTarget {
  readonly repositories: readonly Glob[];
  readonly tags: readonly Glob[];
}

/** An image is signed when one rule allows all of it. */
export interface SignerRule extends SignerTarget {
  readonly name: string;
  /** Names of those who may ask. */
  readonly requesters: ReadonlySet<string>;
  /** Platforms that must be there, such as `linux/amd64`. */
  readonly requiredPlatforms: readonly string[];
  /** Platforms that may be there; undefined for any. */
  readonly allowedPlatforms: ReadonlySet<string> | undefined;
  readonly changes: ReadonlySet<ProposedImage['change']>;
  /** Empty for any time. */
  readonly times: readonly TimeWindow[];
  readonly approvals: { readonly need: number; readonly of: ReadonlySet<string> };
  /** Milliseconds. */
  readonly maximumValidity: number;
  readonly formats: ReadonlySet<string>;
}

/** An image as the signer sees it: derived from bytes, compared with its own record. */
interface ProposedImage {
  readonly repository: string;
  readonly tag: string;
  /** `host/repository:tag`. */
  readonly reference: string;
  readonly platforms: readonly string[];
  readonly change: 'new' | 'changed' | 'same';
  /** When the tag was last signed, in milliseconds since the epoch. */
  readonly previous?: { readonly signed: number };
}

/** A signing request with everything that is known of it. */
export interface Petition {
  /** `created` is in seconds since the epoch. */
  readonly header: { readonly created: number };
  readonly images: readonly ProposedImage[];
  /** Repositories for which this serial or a later one was signed before. */
  readonly rollbacks: readonly {
    readonly repository: string;
    readonly recorded: number;
    readonly requested: number;
  }[];
  readonly requester: SealEvidence;
  /** Keys that approved the request; their signatures hold. */
  readonly approvals: readonly Digest[];
  /** What it would be signed with. */
  readonly formats: readonly string[];
  /** How long the signatures would live, in milliseconds. */
  readonly life: number;
}

export type Decision =
  | { readonly kind: 'allow' }
  /** For a person, who sees the reasons. */
  | { readonly kind: 'wait'; readonly reasons: readonly string[] }
  /** No person is asked: it is forged, goes back, or was ruled out. */
  | { readonly kind: 'refuse'; readonly reasons: readonly string[] };

export interface PetitionDecision {
  /** Of the request as a whole: it is signed whole or not at all, since a bundle answers all of a request. */
  readonly decision: Decision;
  readonly images: readonly { readonly reference: string; readonly decision: Decision }[];
}

/** Decides what happens to a request. `now` is the signer's own time, in milliseconds since the epoch. */
export function decide(policy: SignerPolicy, petition: Petition, now: number): PetitionDecision {
  const requester = nameOf(policy.requesters, petition.requester);
  const images = petition.images.map((image) => ({
    reference: image.reference,
    decision: decideImage(policy, petition, image, requester, now),
  }));
  const of = (kind: 'wait' | 'refuse') =>
    images.flatMap(({ reference, decision }) =>
      decision.kind === kind ? decision.reasons.map((reason) => `${reference}: ${reason}`) : [],
    );
  const refusals = [...refuseWhole(petition), ...of('refuse')];
  if (refusals.length > 0) return { decision: { kind: 'refuse', reasons: refusals }, images };
  const doubts = [...describeClockDoubts(petition, policy.maximumAge, now), ...of('wait')];
  return { decision: doubts.length > 0 ? { kind: 'wait', reasons: doubts } : { kind: 'allow' }, images };
}

function refuseWhole({ requester, rollbacks }: Petition): readonly string[] {
  return [
    ...(requester.kind === 'forged'
      ? [`the request was changed after ${requester.key} sealed it, or somebody else wrote that name on it`]
      : []),
    ...rollbacks.map(
      ({ repository, recorded, requested }) =>
        `request ${requested} is not newer than request ${recorded}, which was signed before for ${repository}`,
    ),
  ];
}

function decideImage(
  policy: SignerPolicy,
  petition: Petition,
  image: ProposedImage,
  requester: string | undefined,
  now: number,
): Decision {
  if (policy.refuse.some((target) => covers(target, image))) {
    return { kind: 'refuse', reasons: ['the policy refuses it'] };
  }
  const rules = policy.rules.filter((rule) => covers(rule, image));
  if (rules.length === 0) return { kind: 'wait', reasons: ['no rule is about it'] };
  const reasons: string[] = [];
  for (const rule of rules) {
    const missing = [
      ...checkRequester(rule, petition, requester),
      ...checkImage(rule, image),
      ...checkSigning(rule, petition, now),
      ...checkApprovals(policy, rule, petition),
    ];
    if (missing.length === 0) return { kind: 'allow' };
    reasons.push(...missing.map((reason) => `rule "${rule.name}": ${reason}`));
  }
  return { kind: 'wait', reasons };
}

function covers({ repositories, tags }: SignerTarget, { repository, tag }: ProposedImage): boolean {
  return repositories.some((glob) => glob(repository)) && tags.some((glob) => glob(tag));
}

function checkRequester(
  { requesters }: SignerRule,
  { requester }: Petition,
  name: string | undefined,
): readonly string[] {
  if (name !== undefined) return requesters.has(name) ? [] : [`${name} may not ask for it`];
  switch (requester.kind) {
    case 'unsealed':
      return ['nobody vouches for the request'];
    case 'unknown-key':
    case 'forged':
    case 'sealed':
      return [`${requester.key}, which is not a requester's key, vouches for the request`];
  }
}

function checkImage(rule: SignerRule, { platforms, change }: ProposedImage): readonly string[] {
  const { requiredPlatforms, allowedPlatforms, changes } = rule;
  const absent = requiredPlatforms.filter((platform) => !platforms.includes(platform));
  const foreign =
    allowedPlatforms === undefined ? [] : platforms.filter((platform) => !allowedPlatforms.has(platform));
  return [
    ...(absent.length > 0 ? [`it lacks ${absent.join(', ')}`] : []),
    ...(foreign.length > 0 ? [`it has ${foreign.join(', ')}, which is not allowed`] : []),
    ...(changes.has(change) ? [] : [`it is ${change === 'same' ? 'the same as before' : change}`]),
  ];
}

function checkSigning(rule: SignerRule, { formats, life }: Petition, now: number): readonly string[] {
  const others = formats.filter((format) => !rule.formats.has(format));
  return [
    ...(rule.times.length === 0 || rule.times.some((window) => isInWindow(window, now))
      ? []
      : [`nothing is signed at this time (${formatTime(now)})`]),
    ...(life > rule.maximumValidity ? ['the signatures would be valid for longer than allowed'] : []),
    ...(others.length > 0 ? [`it would be signed as ${others.join(', ')}`] : []),
  ];
}

function checkApprovals(
  policy: SignerPolicy,
  { approvals: { need, of } }: SignerRule,
  { approvals, requester }: Petition,
): readonly string[] {
  // Nobody approves what they ask for.
  const own = requester.kind === 'unsealed' ? undefined : requester.key;
  const given = policy.approvers.filter(
    ({ name, id }) => of.has(name) && id !== own && approvals.includes(id),
  );
  return given.length >= need ? [] : [`${given.length} of ${need} approvals are there`];
}

function nameOf(requesters: readonly NamedKey[], evidence: SealEvidence): string | undefined {
  if (evidence.kind !== 'sealed') return undefined;
  return requesters.find(({ id }) => id === evidence.key)?.name;
}
