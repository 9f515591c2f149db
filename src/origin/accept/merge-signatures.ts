import type { Descriptor } from '../../oci/descriptor.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { FormatReader } from '../../trust/signing.ts';
import { signaturesLimit } from '../../ports/tree.ts';
import type { VerifiedEnvelope } from '../../trust/artifact-format.ts';
import type { StatedEvidence } from '../../trust/evidence.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import { type CurrentTagsDeps, createCurrentTags } from './current-tags.ts';
import type { ImageRefusal } from './image-refusal.ts';
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

export interface MergeDeps extends PresentDeps, CurrentTagsDeps {
  readonly publications: PresentDeps['publications'];
  readonly treeReader: PresentDeps['treeReader'];
}

export interface MergeResult {
  readonly merged: readonly MergedSignatures[];
  /** Images that nothing was merged of. */
  readonly refusals: ReadonlyMap<VerifiedImage, ImageRefusal>;
}

/**
 * The complete new signatures of every digest that the images bring: those in the tree that still hold, in their order,
 * then the new ones. What the same key signed for the same reference before is replaced; what has expired, or was made
 * by a key that the rule no longer names, goes. Clients read at most 128 (containers/image): when there are
 * more, those go whose tag leads elsewhere by now, the oldest first; an image for which that is not enough is refused.
 * @throws SignpostError STORAGE
 */
export async function mergeSignatures(
  deps: MergeDeps,
  images: readonly VerifiedImage[],
  now: number,
): Promise<MergeResult> {
  const refusals = new Map<VerifiedImage, ImageRefusal>();
  for (;;) {
    // Without the images that were refused the others have room, and what they would have replaced stays.
    const rest = images.filter((image) => !refusals.has(image));
    const round = await mergeRound(deps, rest, now);
    if (round.refusals.size === 0) return { merged: round.merged, refusals };
    for (const [image, refusal] of round.refusals) refusals.set(image, refusal);
  }
}

async function mergeRound(
  deps: MergeDeps,
  images: readonly VerifiedImage[],
  now: number,
): Promise<MergeResult> {
  const merged: MergedSignatures[] = [];
  const refusals = new Map<VerifiedImage, ImageRefusal>();
  const isCurrent = createCurrentTags(deps, images);
  for (const { repository, reader, subject, fresh } of gather(images)) {
    const { format } = reader;
    const { digest } = subject;
    const present = await readPresent(deps, format, repository, digest);
    const valid = await readValid(present.envelopes, reader, digest, now);
    const replaced = new Set(fresh.map(({ evidence }) => keyOf(evidence)));
    const kept = await dropStale(
      valid.filter(({ evidence }) => !replaced.has(keyOf(evidence))),
      signaturesLimit - fresh.length,
      (reference) => isCurrent(repository, digest, reference),
    );
    const count = kept.length + fresh.length;
    if (count > signaturesLimit) {
      const reason = { kind: 'too-many-signatures', digest, count, limit: signaturesLimit } as const;
      for (const image of addingImages(valid, fresh)) refusals.set(image, reason);
      continue;
    }
    merged.push({
      repository,
      format,
      subject,
      envelopes: [...kept, ...fresh].map(({ envelope, evidence: { created } }) => ({ envelope, created })),
      expires: Math.min(...fresh.map(({ evidence }) => evidence.expires ?? 0)),
      referrers: present.referrers,
    });
  }
  return { merged, refusals };
}

interface ReadEnvelope {
  readonly envelope: Uint8Array;
  readonly evidence: StatedEvidence;
}

interface FreshSignature extends ReadEnvelope {
  readonly image: VerifiedImage;
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
  for (const image of images) {
    const { rule, contents, signatures } = image;
    const { repository } = image.image;
    const subjects = new Map(contents.map((subject) => [subject.digest, subject]));
    for (const { format, digest, signature: envelope, evidence } of signatures) {
      const reader = findFormat(rule, format)?.reader;
      const subject = subjects.get(digest);
      if (reader === undefined || subject === undefined || evidence.kind !== 'signed') continue;
      const key = `${format} ${repository}@${digest}`;
      const entry = gathered.get(key) ?? { repository, reader, subject, fresh: [] };
      gathered.set(key, entry);
      entry.fresh.push({ envelope, evidence, image });
    }
  }
  return [...gathered.values()];
}

async function readValid(
  present: readonly Uint8Array[],
  reader: FormatReader,
  digest: Digest,
  now: number,
): Promise<readonly ReadEnvelope[]> {
  const valid: ReadEnvelope[] = [];
  for (const envelope of present) {
    const evidence = reader.read(envelope, now);
    if (evidence.kind !== 'signed' || (evidence.expires ?? 0) <= now || evidence.digest !== digest) continue;
    valid.push({ envelope, evidence });
  }
  return valid;
}

/** Leaves out the oldest of those whose tag leads elsewhere, as far as there is no room for them. */
async function dropStale(
  envelopes: readonly ReadEnvelope[],
  room: number,
  isCurrent: (reference: string) => Promise<boolean>,
): Promise<readonly ReadEnvelope[]> {
  let excess = envelopes.length - room;
  const kept: ReadEnvelope[] = [];
  for (const item of envelopes) {
    if (excess > 0 && !(await isCurrent(item.evidence.reference))) excess -= 1;
    else kept.push(item);
  }
  return kept;
}

/** The images whose signatures come on top of what there is; all of them, when each only replaces. */
function addingImages(
  present: readonly ReadEnvelope[],
  fresh: readonly FreshSignature[],
): readonly VerifiedImage[] {
  const before = new Set(present.map(({ evidence }) => keyOf(evidence)));
  const adding = fresh.filter(({ evidence }) => !before.has(keyOf(evidence)));
  return (adding.length > 0 ? adding : fresh).map(({ image }) => image);
}

/** Who signed what. */
function keyOf({ fingerprint, reference }: StatedEvidence): string {
  return `${fingerprint} ${reference}`;
}
