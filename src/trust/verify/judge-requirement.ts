import type { Evidence, StatedEvidence } from '../evidence.ts';
import { describeVerifyRefusal } from '../describe-refusal.ts';
import { judgeSignatures } from '../judge-signatures.ts';
import { judgeMetadata } from './judge-metadata.ts';
import type { MetadataEvidence } from './metadata-evidence.ts';
import type {
  ExpectedImage,
  NamedRequirement,
  Requirement,
  SignedRequirement,
  VerifyingRule,
} from './requirement.ts';
import { type Step, failed, passed } from './step.ts';
import { formatTime } from '../../text/format-time.ts';

/** A judgement of one digest. */
export interface Judgement {
  readonly step: Step;
  /** The highest serial among the signatures that counted; 0 when none did. */
  readonly serial: number;
}

/** What each leaf's own keys make of what is there. */
export interface GivenEvidence {
  readonly signatures: ReadonlyMap<SignedRequirement, readonly Evidence[]>;
  readonly metadata: ReadonlyMap<NamedRequirement, MetadataEvidence>;
}

/**
 * Whether the signatures of one digest are what is required. `now` is in milliseconds since
 * the epoch.
 */
export function judgeRequirement(
  requirement: Requirement,
  evidence: GivenEvidence,
  rule: VerifyingRule,
  expected: ExpectedImage,
  now: number,
): Judgement {
  if (requirement.kind === 'signed') {
    return judgeLeaf(requirement, evidence.signatures.get(requirement) ?? [], rule, expected, now);
  }
  if (requirement.kind === 'named') {
    // Metadata has versions and no serials: its own state tells what is older.
    const step = judgeMetadata(requirement, evidence.metadata.get(requirement), expected);
    return { step, serial: 0 };
  }
  const { of, need } = requirement;
  const judged = of.map((part) => judgeRequirement(part, evidence, rule, expected, now));
  const good = judged.filter(({ step }) => step.ok);
  const steps = judged.map(({ step }) => step);
  const name = need === of.length ? 'all of' : need === 1 ? 'any of' : `at least ${need} of`;
  const detail = `${good.length} of ${of.length} hold`;
  if (good.length >= need) {
    return { step: passed(name, detail, steps), serial: Math.max(...good.map(({ serial }) => serial)) };
  }
  const bad = steps.find(({ ok }) => !ok);
  const why = `${detail}, ${need} needed: ${bad?.name ?? ''}: ${bad?.detail ?? ''}`;
  return { step: failed(name, bad?.reason ?? 'missing', why, steps), serial: 0 };
}

function judgeLeaf(
  leaf: SignedRequirement,
  evidence: readonly Evidence[],
  rule: VerifyingRule,
  expected: ExpectedImage,
  now: number,
): Judgement {
  const name = `${leaf.format} signature`;
  const policy = { ...leaf, maximumAge: rule.maximumAge };
  const verdict = judgeSignatures(evidence, policy, { ...expected, reference: expected.name }, now);
  if (verdict.accepted) return accept(name, verdict.signed);
  const { reason } = verdict;
  return { step: failed(name, reason.kind, describeVerifyRefusal(reason)), serial: 0 };
}

function accept(name: string, signed: readonly StatedEvidence[]): Judgement {
  const serial = Math.max(...signed.map((item) => item.serial));
  const steps = signed.map(({ fingerprint, reference, expires }) =>
    passed(
      `key ${fingerprint}`,
      `${reference}, ${expires === undefined ? 'without expiry' : `until ${formatTime(expires)}`}`,
    ),
  );
  return { step: passed(name, `signing request ${serial}`, steps), serial };
}
