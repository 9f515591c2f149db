import type { Descriptor } from '../../oci/descriptor.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { parseManifest } from '../../oci/manifest.ts';
import { type RegistryHost, type RepositoryName, formatTaggedReference } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Publications } from '../../ports/publications.ts';
import type { ReceivedSignature, ReceivedSignatures, RequestedTag } from '../../ports/received-signatures.ts';
import type { StagedImage } from '../../ports/staged-images.ts';
import type { Staging } from '../../ports/staging.ts';
import type { Evidence } from '../../trust/evidence.ts';
import { type ExpectedContent, judgeSignature } from '../../trust/judge-signature.ts';
import { judgeSignatures } from '../../trust/judge-signatures.ts';
import type { SignedImage } from '../../trust/hand-off/signature-bundle.ts';
import type { ImageRefusal } from './image-refusal.ts';
import { type RepositoryRule, findFormat } from './repository-rule.ts';
import { type StagedContent, type StagedManifest, readStagedContent } from './staged-content.ts';
import { readStagedReferrers } from './staged-referrers.ts';

export interface VerificationDeps {
  readonly registry: RegistryHost;
  /** The first rule of the configuration that matches. */
  readonly findRule: (repository: RepositoryName) => Promise<RepositoryRule | undefined>;
  readonly staging: Staging;
  readonly publications: Publications;
  readonly received: ReceivedSignatures;
  readonly clock: Clock;
}

export type ImageVerdict =
  | { readonly kind: 'accepted'; readonly verified: VerifiedImage }
  /** Everything in the bundle is good, but more keys have to sign. */
  | {
      readonly kind: 'waiting';
      readonly image: StagedImage;
      readonly signatures: readonly ReceivedSignature[];
      readonly have: number;
      readonly need: number;
    }
  | {
      readonly kind: 'refused';
      readonly image: StagedImage | undefined;
      readonly reason: ImageRefusal;
      /** Good ones that are to be kept for a later bundle. */
      readonly signatures?: readonly ReceivedSignature[];
    };

/** An image whose signatures satisfy the repository's rule: every one of them was verified. */
export interface VerifiedImage {
  readonly image: StagedImage;
  /** `host/repository:tag`, as signed. */
  readonly reference: string;
  readonly rule: RepositoryRule;
  readonly content: StagedContent;
  /** What is published with the image, and vouches for nothing. */
  readonly referrers: readonly StagedManifest[];
  /** The list, then its manifests. */
  readonly contents: Contents;
  readonly signatures: readonly ReadSignature[];
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** What has to be signed. */
type Contents = readonly Pick<Descriptor, 'digest' | 'mediaType' | 'size'>[];

/** A signature with what cryptography says of it, so that it is asked only once. */
interface ReadSignature extends ReceivedSignature {
  readonly evidence: Evidence;
}

/** Judges one image of a bundle that answers the request `serial`. Changes nothing. */
export async function verifyImage(
  deps: VerificationDeps,
  serial: number,
  signed: SignedImage,
  staged: StagedImage | undefined,
): Promise<ImageVerdict> {
  const { repository, tag } = signed;
  const published = (await deps.publications.findTag(repository, tag))?.requestSerial ?? 0;
  if (serial <= published) return refuse(undefined, { kind: 'replayed', serial, published });
  if (staged === undefined) return refuse(undefined, { kind: 'not-staged' });
  if (staged.list !== signed.list) {
    return refuse(undefined, { kind: 'other-list', signed: signed.list, staged: staged.list });
  }
  const rule = await deps.findRule(repository);
  if (rule === undefined) return refuse(staged, { kind: 'no-rule' });
  const content = await readContent(() => readStagedContent(deps.staging, staged.list));
  if ('detail' in content) return refuse(staged, content);
  const referrers = await readContent(() => readStagedReferrers(deps.staging, staged, rule));
  if ('detail' in referrers) return refuse(staged, referrers);

  const contents = contentsOf(staged, content);
  const foreign = signed.signatures.find(({ digest }) => contents.every((item) => item.digest !== digest));
  if (foreign !== undefined) return refuse(staged, { kind: 'foreign', digest: foreign.digest });
  const reference = `${deps.registry}/${formatTaggedReference(signed)}`;
  const expectations = contents.map((item) => ({ ...item, reference, serial }));
  const fresh = await verifyEach(signed, rule, expectations, deps.clock.now());
  if ('kind' in fresh) return refuse(staged, fresh);
  const unsigned = findUnsigned(contents, fresh, rule);
  if (unsigned !== undefined) return refuse(staged, unsigned);

  const requested: RequestedTag = { repository, tag, list: staged.list, serial };
  const earlier = await deps.received.list(requested);
  const valid = await keepValid(earlier, rule, expectations, deps.clock.now());
  const signatures = withEarlier(valid, fresh);
  const verdict = judgeAll(signatures, rule, expectations, deps.clock.now());
  if ('have' in verdict) return { kind: 'waiting', image: staged, signatures: fresh, ...verdict };
  if ('kind' in verdict) return refuse(staged, verdict);
  return {
    kind: 'accepted',
    verified: {
      image: staged,
      reference,
      rule,
      content,
      referrers,
      contents,
      signatures,
      expires: verdict.expires,
    },
  };
}

/** The list, then its manifests. */
function contentsOf({ list }: StagedImage, content: StagedContent): Contents {
  const { mediaType } = parseManifest(content.list);
  return [
    { digest: list, mediaType, size: content.list.length },
    ...content.manifests.map(({ descriptor }) => descriptor),
  ];
}

/**
 * The signatures of the bundle in the formats that the rule asks for; one that is not good spoils the image, whatever
 * the others are. Other formats are left out: nobody says which keys they would be verified with.
 */
async function verifyEach(
  { signatures }: SignedImage,
  rule: RepositoryRule,
  expectations: readonly ExpectedContent[],
  now: number,
): Promise<readonly ReadSignature[] | ImageRefusal> {
  const verified: ReadSignature[] = [];
  for (const { format, digest, signature } of signatures) {
    const wanted = findFormat(rule, format);
    const expected = expectations.find((item) => item.digest === digest);
    if (wanted === undefined || expected === undefined) continue;
    const evidence = wanted.reader.read(signature, now);
    const judgement = judgeSignature(evidence, wanted.policy, expected, now);
    if (!judgement.accepted) return { kind: 'signature', format, digest, reason: judgement.reason };
    verified.push({ format, digest, fingerprint: judgement.fingerprint, signature, evidence });
  }
  return verified;
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

/**
 * What earlier bundles brought for the same request. It is read and judged again: time has passed, and the rule may
 * name other keys. What no longer holds neither counts nor is published.
 */
async function keepValid(
  earlier: readonly ReceivedSignature[],
  rule: RepositoryRule,
  expectations: readonly ExpectedContent[],
  now: number,
): Promise<readonly ReadSignature[]> {
  const valid: ReadSignature[] = [];
  for (const item of earlier) {
    const wanted = findFormat(rule, item.format);
    const expected = expectations.find(({ digest }) => digest === item.digest);
    if (wanted === undefined || expected === undefined) continue;
    const evidence = wanted.reader.read(item.signature, now);
    if (judgeSignature(evidence, wanted.policy, expected, now).accepted) valid.push({ ...item, evidence });
  }
  return valid;
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

async function readContent<T>(
  read: () => Promise<T>,
): Promise<T | Extract<ImageRefusal, { kind: 'staging-damaged' }>> {
  try {
    return await read();
  } catch (error) {
    const damaged = (['NOT_FOUND', 'DIGEST_MISMATCH', 'MANIFEST_INVALID'] as const).some((code) =>
      isSignpostError(error, code),
    );
    if (!damaged) throw error;
    return { kind: 'staging-damaged', detail: (error as Error).message };
  }
}

function refuse(image: StagedImage | undefined, reason: ImageRefusal): ImageVerdict {
  return { kind: 'refused', image, reason };
}
