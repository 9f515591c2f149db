import type { Descriptor } from '../oci/descriptor.ts';
import { SignpostError } from '../oci/errors.ts';
import type { Digest } from '../oci/digest.ts';
import type { RepositoryName } from '../oci/reference.ts';
import type { FormatReader } from '../ports/signing.ts';
import { signaturesLimit } from '../ports/tree.ts';
import type { VerifiedEnvelope } from '../trust/artifact-format.ts';
import type { StatedEvidence } from '../trust/evidence.ts';
import type { SignatureFormat } from '../trust/signature-format.ts';
import { type PresentDeps, readPresent } from './present-envelopes.ts';
import { findFormat } from './repository-rule.ts';
import type { VerifiedImage } from './verify-image.ts';

/** The complete new signatures of one digest in one format. */
export interface MergedSignatures {
  readonly repository: RepositoryName;
  readonly format: SignatureFormat;
  readonly subject: Subject;
  readonly envelopes: readonly VerifiedEnvelope[];
  /** When the signatures that are new expire, in milliseconds since the epoch. */
  readonly expires: number;
  /** Artifacts that held the signatures until now, each listed by itself. */
  readonly referrers: readonly Digest[];
}

type Subject = Pick<Descriptor, 'digest' | 'mediaType' | 'size'>;

/**
 * The complete new signatures of every digest that the images bring: those in the tree that still hold, in their order,
 * then the new ones. What the same key signed for the same reference before is replaced; what has expired, or was made
 * by a key that the rule no longer names, goes.
 * @throws SignpostError LIMIT_EXCEEDED when the images alone bring more than clients read, STORAGE
 */
export async function mergeSignatures(
  deps: PresentDeps,
  images: readonly VerifiedImage[],
  now: number,
): Promise<readonly MergedSignatures[]> {
  const merged: MergedSignatures[] = [];
  for (const { repository, reader, subject, fresh } of gather(images)) {
    const { format } = reader;
    const present = await readPresent(deps, format, repository, subject.digest);
    const kept = await keepValid(present.envelopes, reader, subject.digest, fresh, now);
    merged.push({
      repository,
      format,
      subject,
      envelopes: join(kept, fresh, `${repository}@${subject.digest}`),
      expires: Math.min(...fresh.map(({ evidence }) => evidence.expires ?? 0)),
      referrers: present.referrers,
    });
  }
  return merged;
}

interface FreshSignature extends VerifiedEnvelope {
  readonly evidence: StatedEvidence;
}

interface Gathered {
  readonly repository: RepositoryName;
  readonly reader: FormatReader;
  readonly subject: Subject;
  readonly fresh: FreshSignature[];
}

// Several tags of one bundle may bring signatures for the same digest.
function gather(images: readonly VerifiedImage[]): readonly Gathered[] {
  const gathered = new Map<string, Gathered>();
  for (const { image, rule, contents, signatures } of images) {
    const { repository } = image;
    const subjects = new Map(contents.map((subject) => [subject.digest, subject]));
    for (const { format, digest, signature: envelope, evidence } of signatures) {
      const reader = findFormat(rule, format)?.reader;
      const subject = subjects.get(digest);
      if (reader === undefined || subject === undefined || evidence.kind !== 'signed') continue;
      const key = `${format} ${repository}@${digest}`;
      const entry = gathered.get(key) ?? { repository, reader, subject, fresh: [] };
      gathered.set(key, entry);
      entry.fresh.push({ envelope, created: evidence.created, evidence });
    }
  }
  return [...gathered.values()];
}

async function keepValid(
  present: readonly Uint8Array[],
  reader: FormatReader,
  digest: Digest,
  fresh: readonly FreshSignature[],
  now: number,
): Promise<readonly VerifiedEnvelope[]> {
  const replaced = new Set(fresh.map(({ evidence }) => keyOf(evidence)));
  const kept: VerifiedEnvelope[] = [];
  for (const envelope of present) {
    const evidence = await reader.read(envelope);
    if (evidence.kind !== 'signed' || (evidence.expires ?? 0) <= now || evidence.digest !== digest) continue;
    if (!replaced.has(keyOf(evidence))) kept.push({ envelope, created: evidence.created });
  }
  return kept;
}

/** Who signed what. */
function keyOf({ fingerprint, reference }: StatedEvidence): string {
  return `${fingerprint} ${reference}`;
}

// Clients read at most 128 (signatures.md, section 1): when there are more, the oldest give way.
function join(
  kept: readonly VerifiedEnvelope[],
  fresh: readonly FreshSignature[],
  where: string,
): readonly VerifiedEnvelope[] {
  if (fresh.length > signaturesLimit) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `${where} would get ${fresh.length} signatures: clients read ${signaturesLimit}; give the image fewer tags`,
    );
  }
  return [...kept, ...fresh.map(({ envelope, created }) => ({ envelope, created }))].slice(-signaturesLimit);
}
