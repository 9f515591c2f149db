import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { signaturesLimit } from '../../ports/tree.ts';
import type { VerifiedEnvelope } from '../../trust/artifact-format.ts';
import type { StatedEvidence } from '../../trust/evidence.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import type { GatheredSignatures, ReadEnvelope } from './gather-signatures.ts';
import type { ImageRefusal } from './image-refusal.ts';
import type { VerifiedImage } from './judge-image.ts';
import type { StagedManifest } from './staged-content.ts';

/** The complete new signatures of one digest in one format. */
export interface MergedSignatures {
  readonly repository: RepositoryName;
  readonly format: SignatureFormat;
  readonly subject: StagedManifest['descriptor'];
  readonly envelopes: readonly VerifiedEnvelope[];
  /** When the signatures that are new expire, in milliseconds since the epoch. */
  readonly expires: number;
  /** Artifacts that held the signatures until now, each listed by itself. */
  readonly referrers: readonly Digest[];
}

export interface MergeResult {
  readonly merged: readonly MergedSignatures[];
  /** Images for whose signatures there is no room, by their references. */
  readonly refusals: ReadonlyMap<string, ImageRefusal>;
}

/**
 * The complete new signatures of every digest that the images bring: the published ones that still hold, in their order,
 * then the new ones. What the same key signed for the same reference before is replaced; what has expired, or was made
 * by a key that the rule no longer names, goes. Clients read at most 128 (containers/image): when there are
 * more, those go whose tag leads elsewhere by now, the oldest first; an image for which that is not enough is refused.
 * `gathered` may have signatures of other images too: those are left out.
 */
export function mergeSignatures(
  images: readonly Pick<VerifiedImage, 'reference' | 'contents'>[],
  gathered: readonly GatheredSignatures[],
): MergeResult {
  const merged: MergedSignatures[] = [];
  const refusals = new Map<string, ImageRefusal>();
  const coming = new Map(
    images.map(({ reference, contents }) => [reference, new Set(contents.map(({ digest }) => digest))]),
  );
  for (const { repository, reader, subject, present, referrers, current, ...all } of gathered) {
    const { digest } = subject;
    const fresh = all.fresh.filter(({ evidence }) => coming.has(evidence.reference));
    if (fresh.length === 0) continue;
    const replaced = new Set(fresh.map(({ evidence }) => keyOf(evidence)));
    const kept = dropStale(
      present.filter(({ evidence }) => !replaced.has(keyOf(evidence))),
      signaturesLimit - fresh.length,
      (reference) => coming.get(reference)?.has(digest) ?? current.has(reference),
    );
    const count = kept.length + fresh.length;
    if (count > signaturesLimit) {
      const reason = { kind: 'too-many-signatures', digest, count, limit: signaturesLimit } as const;
      for (const reference of addingImages(present, fresh)) refusals.set(reference, reason);
      continue;
    }
    merged.push({
      repository,
      format: reader.format,
      subject,
      envelopes: [...kept, ...fresh].map(({ envelope, evidence: { created } }) => ({ envelope, created })),
      expires: Math.min(...fresh.map(({ evidence }) => evidence.expires ?? 0)),
      referrers,
    });
  }
  return { merged, refusals };
}

/** Leaves out the oldest of those whose tag leads elsewhere, as far as there is no room for them. */
function dropStale(
  envelopes: readonly ReadEnvelope[],
  room: number,
  isCurrent: (reference: string) => boolean,
): readonly ReadEnvelope[] {
  let excess = envelopes.length - room;
  const kept: ReadEnvelope[] = [];
  for (const item of envelopes) {
    if (excess > 0 && !isCurrent(item.evidence.reference)) excess -= 1;
    else kept.push(item);
  }
  return kept;
}

/** The images whose signatures come on top of what there is; all of them, when each only replaces. */
function addingImages(present: readonly ReadEnvelope[], fresh: readonly ReadEnvelope[]): readonly string[] {
  const before = new Set(present.map(({ evidence }) => keyOf(evidence)));
  const adding = fresh.filter(({ evidence }) => !before.has(keyOf(evidence)));
  return (adding.length > 0 ? adding : fresh).map(({ evidence }) => evidence.reference);
}

/** Who signed what. */
function keyOf({ fingerprint, reference }: StatedEvidence): string {
  return `${fingerprint} ${reference}`;
}
