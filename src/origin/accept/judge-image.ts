import type { ReceivedSignature } from '../../ports/received-signatures.ts';
import type { StagedImage } from '../../ports/staged-images.ts';
import type { Evidence } from '../../trust/evidence.ts';
import type { BundledSignature } from '../../trust/hand-off/signature-bundle.ts';
import {
  type ExpectedContent,
  type SignatureJudgement,
  judgeSignature,
} from '../../trust/judge-signature.ts';
import { judgeSignatures } from '../../trust/judge-signatures.ts';
import { type ImageRefusal, type RefusedImage, refuseImage } from './image-refusal.ts';
import type { ReadImage } from './read-image.ts';
import { type RepositoryRule, findFormat } from './repository-rule.ts';
import type { StagedManifest } from './staged-content.ts';

/** An image whose signatures satisfy the repository's rule: every one of them was verified. */
export interface VerifiedImage extends Pick<
  ReadImage,
  'image' | 'reference' | 'rule' | 'content' | 'referrers'
> {
  readonly kind: 'verified';
  readonly contents: Contents;
  readonly signatures: readonly ReadSignature[];
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Everything that the bundle brings of the image is good, but more keys have to sign. */
export interface WaitingImage {
  readonly kind: 'waiting';
  readonly image: StagedImage;
  readonly signatures: readonly ReceivedSignature[];
  readonly have: number;
  readonly need: number;
}

/** What has to be signed: the list, then its manifests. */
type Contents = readonly StagedManifest['descriptor'][];

/** A signature with what cryptography says of it, so that it is asked only once. */
interface ReadSignature extends ReceivedSignature {
  readonly evidence: Evidence;
}

export interface JudgedImages {
  readonly verified: readonly VerifiedImage[];
  readonly waiting: readonly WaitingImage[];
  readonly refused: readonly RefusedImage[];
}

/** Judges images as they are read. `now` is in milliseconds since the epoch; `onJudged` is told after each of them. */
export async function judgeImages(
  images: AsyncIterable<ReadImage | RefusedImage>,
  now: number,
  onJudged: (done: number) => void,
): Promise<JudgedImages> {
  const judged = { verified: [], waiting: [], refused: [] } as {
    verified: VerifiedImage[];
    waiting: WaitingImage[];
    refused: RefusedImage[];
  };
  let done = 0;
  for await (const image of images) {
    const verdict = image.kind === 'read' ? judgeImage(image, now) : image;
    if (verdict.kind === 'verified') judged.verified.push(verdict);
    else if (verdict.kind === 'waiting') judged.waiting.push(verdict);
    else judged.refused.push(verdict);
    onJudged((done += 1));
  }
  return judged;
}

/** Judges one image of a bundle. `now` is in milliseconds since the epoch. */
function judgeImage(read: ReadImage, now: number): VerifiedImage | WaitingImage | RefusedImage {
  const { image, reference, rule, content, referrers } = read;
  const refuse = (reason: ImageRefusal) => refuseImage(image, reason, image);
  const contents = [content.list, ...content.manifests].map(({ descriptor }) => descriptor);
  const foreign = read.brought.find(({ digest }) => contents.every((item) => item.digest !== digest));
  if (foreign !== undefined) return refuse({ kind: 'foreign', digest: foreign.digest });

  const expected = contents.map((item) => ({ ...item, reference, serial: read.serial }));
  const brought: ReadSignature[] = [];
  for (const signature of read.brought) {
    const judged = judgeOne(signature, rule, expected, now);
    if (judged === undefined) continue;
    const { evidence, judgement } = judged;
    const { format, digest } = signature;
    // One that is not good spoils the image, whatever the others are.
    if (!judgement.accepted) return refuse({ kind: 'signature', format, digest, reason: judgement.reason });
    brought.push({ ...signature, fingerprint: judgement.evidence.fingerprint, evidence });
  }
  const unsigned = findUnsigned(contents, brought, rule);
  if (unsigned !== undefined) return refuse(unsigned);

  // Time has passed since the earlier ones came, and the rule may name other keys: what no longer holds neither counts
  // nor is published.
  const earlier = read.earlier.flatMap((signature) => {
    const judged = judgeOne(signature, rule, expected, now);
    return judged?.judgement.accepted === true ? [{ ...signature, evidence: judged.evidence }] : [];
  });
  const signatures = withEarlier(earlier, brought);
  const verdict = judgeAll(signatures, rule, expected, now);
  if ('kind' in verdict) return refuse(verdict);
  if ('have' in verdict) return { kind: 'waiting', image, signatures: brought, ...verdict };
  const { expires } = verdict;
  return { kind: 'verified', image, reference, rule, content, referrers, contents, signatures, expires };
}

/** Undefined in a format that the rule does not ask for: nobody says which keys would verify it. */
function judgeOne(
  { format, digest, signature }: BundledSignature,
  rule: RepositoryRule,
  expectations: readonly ExpectedContent[],
  now: number,
): { readonly evidence: Evidence; readonly judgement: SignatureJudgement } | undefined {
  const wanted = findFormat(rule, format);
  const expected = expectations.find((item) => item.digest === digest);
  if (wanted === undefined || expected === undefined) return undefined;
  const evidence = wanted.reader.read(signature, now);
  return { evidence, judgement: judgeSignature(evidence, wanted.policy, expected, now) };
}

/** A bundle signs everything in every format, whatever else came before. */
function findUnsigned(
  contents: Contents,
  signatures: readonly ReceivedSignature[],
  { formats }: RepositoryRule,
): ImageRefusal | undefined {
  const signed = new Set(signatures.map(({ format, digest }) => `${format} ${digest}`));
  for (const { digest } of contents) {
    const missing = formats.find(({ reader }) => !signed.has(`${reader.format} ${digest}`));
    if (missing === undefined) continue;
    return { kind: 'signature', format: missing.reader.format, digest, reason: { kind: 'missing' } };
  }
  return undefined;
}

function withEarlier(
  earlier: readonly ReadSignature[],
  fresh: readonly ReadSignature[],
): readonly ReadSignature[] {
  const key = ({ format, digest, fingerprint }: ReceivedSignature) => `${format} ${fingerprint} ${digest}`;
  const all = new Map([...earlier, ...fresh].map((item) => [key(item), item]));
  return [...all.values()];
}

/** Each format has to satisfy its policy by itself, for every digest. */
function judgeAll(
  signatures: readonly ReadSignature[],
  { formats }: RepositoryRule,
  expectations: readonly ExpectedContent[],
  now: number,
): ImageRefusal | { readonly have: number; readonly need: number } | { readonly expires: number } {
  let expires = Number.POSITIVE_INFINITY;
  let fewest: { have: number; need: number } | undefined;
  for (const { reader, policy } of formats) {
    const { format } = reader;
    for (const expected of expectations) {
      const { digest } = expected;
      const evidence = signatures
        .filter((item) => item.format === format && item.digest === digest)
        .map((item) => item.evidence);
      const verdict = judgeSignatures(evidence, policy, expected, now);
      if (verdict.accepted) {
        expires = Math.min(expires, verdict.expires);
      } else if (verdict.reason.kind === 'threshold') {
        const { have, need } = verdict.reason;
        if (fewest === undefined || have < fewest.have) fewest = { have, need };
      } else {
        return { kind: 'signature', format, digest, reason: verdict.reason };
      }
    }
  }
  return fewest ?? { expires };
}
