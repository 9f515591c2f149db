import { SignpostError } from '../../oci/errors.ts';
import {
  type RepositoryName,
  type TagName,
  formatTaggedReference,
  isRepositoryName,
} from '../../oci/reference.ts';
import type { IssuedRequests } from '../../ports/issued-requests.ts';
import type { StagedImage, StagedImages } from '../../ports/staged-images.ts';
import { describeSignerClock } from '../../trust/compare-clocks.ts';
import { describeRefusal } from '../../trust/describe-refusal.ts';
import type { SealKey } from '../../trust/hand-off/seal.ts';
import type { BundleHeader } from '../../trust/hand-off/signature-bundle.ts';
import {
  type JudgedMetadata,
  type MetadataDeps,
  type MetadataOutcome,
  placeMetadata,
  verifyMetadata,
} from './accept-metadata.ts';
import { type CheckDeps, checkBlobs } from './check-blobs.ts';
import { type ImageRefusal, describeImageRefusal } from './image-refusal.ts';
import { composeArtifacts } from './compose-artifacts.ts';
import { type MergedSignatures, mergeSignatures } from './merge-signatures.ts';
import { type PlacementDeps, placePublication } from './place-publication.ts';
import type { PresentDeps } from './present-envelopes.ts';
import { readBundle } from './read-bundle.ts';
import { type FindList, settleMetadata } from './settle-metadata.ts';
import { type ImageVerdict, type VerificationDeps, type VerifiedImage, verifyImage } from './verify-image.ts';

export interface AcceptDeps extends VerificationDeps, PlacementDeps, Pick<CheckDeps, 'progress' | 'signal'> {
  readonly staging: VerificationDeps['staging'] & CheckDeps['staging'];
  readonly stagedImages: StagedImages;
  readonly issuedRequests: IssuedRequests;
  readonly treeReader: PresentDeps['treeReader'] & CheckDeps['treeReader'];
  /** Told after each image whose signatures have been looked at. */
  readonly onVerified?: (done: number, all: number) => void;
  /** Who may vouch for a bundle; empty when none has to be vouched for. */
  readonly signers: readonly SealKey[];
  /** Without it the files of metadata in a bundle are left out. */
  readonly metadata?: Omit<MetadataDeps, 'registry'>;
}

interface Target {
  readonly repository: RepositoryName;
  readonly tag: TagName;
}

export interface AcceptResult {
  /** The publication serial; undefined when nothing was published. */
  readonly serial: number | undefined;
  readonly published: readonly PublishedImage[];
  /** Good, but more keys have to sign. */
  readonly waiting: readonly (Target & { readonly have: number; readonly need: number })[];
  readonly refused: readonly (Target & { readonly reason: ImageRefusal })[];
  readonly metadata: readonly MetadataOutcome[];
  /** Published files that the tree lacks: when there are any, mirrors are not told of what was published. */
  readonly missing: readonly string[];
  /** What is wrong with the signer's clock, or the one here. */
  readonly clock: string | undefined;
}

interface PublishedImage extends Target {
  readonly list: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** It expires within the time that the rule warns of. */
  readonly expiresSoon: boolean;
}

/**
 * Verifies a signature bundle and publishes what satisfies the configuration, in one step. Everything is verified
 * before anything is changed. What was refused stays staged, with the reason. The caller holds the content lock.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED, TRUST (the bundle as a whole), NOT_FOUND, STORAGE
 */
export async function acceptBundle(
  deps: AcceptDeps,
  lines: AsyncIterable<Uint8Array>,
): Promise<AcceptResult> {
  const { header, images, files } = await readBundle(lines, deps.registry, {
    signers: deps.signers,
    now: deps.clock.now(),
  });
  await checkIssued(deps, header);
  const waiting = await deps.stagedImages.list();
  const staged = new Map(waiting.map((image) => [formatTaggedReference(image), image]));
  const verdicts: Outcome[] = [];
  for (const image of images) {
    const own = staged.get(formatTaggedReference(image));
    verdicts.push({ target: image, verdict: await verifyImage(deps, header.serial, image, own) });
    deps.onVerified?.(verdicts.length, images.length);
  }
  const whole = refuseSome(verdicts, await checkBlobs(deps, verifiedOf(verdicts)));
  const { metadata: metadataDeps, registry, clock } = deps;
  const found = await verifyMetadata(metadataDeps && { ...metadataDeps, registry }, files, clock.now());
  const { outcomes, merged, judged } = await settle(deps, whole, found);

  const verified = verifiedOf(outcomes);
  const placed = verified.length === 0 ? undefined : await publish(deps, verified, merged, header.serial);
  for (const { verdict } of outcomes) await remember(deps, verdict, header.serial);
  const metadata = await placeMetadata(metadataDeps, judged);
  const unlisted = await listMetadata(deps, metadata);
  const missing = unlisted ?? placed?.missing ?? [];
  const newest = Math.max(0, ...images.map((image) => staged.get(formatTaggedReference(image))?.staged ?? 0));
  const clockDoubt = describeSignerClock(header.created * 1000, newest, clock.now());
  return { ...summarise(deps, outcomes, placed?.serial), metadata, missing, clock: clockDoubt };
}

// The serial is signed. Without this, whoever changes a request on its way could have one signed that no later request
// reaches, and nothing could be published any more.
async function checkIssued({ issuedRequests }: AcceptDeps, { serial, request }: BundleHeader): Promise<void> {
  if ((await issuedRequests.find(serial)) === request) return;
  throw new SignpostError(
    'TRUST',
    `the signature bundle answers a request with the serial ${serial} that was not written here, or was changed on ` +
      'its way to the signer: make a new request with "signpost request" and have it signed',
  );
}

interface Outcome {
  readonly target: Target;
  readonly verdict: ImageVerdict;
}

function verifiedOf(outcomes: readonly Outcome[]): readonly VerifiedImage[] {
  return outcomes.flatMap(({ verdict }) => (verdict.kind === 'accepted' ? [verdict.verified] : []));
}

function refuseSome(
  outcomes: readonly Outcome[],
  refusals: ReadonlyMap<VerifiedImage, ImageRefusal>,
): readonly Outcome[] {
  return outcomes.map((outcome) => {
    const { target, verdict } = outcome;
    const reason = verdict.kind === 'accepted' ? refusals.get(verdict.verified) : undefined;
    if (verdict.kind !== 'accepted' || reason === undefined) return outcome;
    const { image, signatures } = verdict.verified;
    // Nothing is wrong with them: the bundle that brings the metadata may be another signer's.
    const kept = reason.kind === 'not-named' ? { signatures } : {};
    return { target, verdict: { kind: 'refused', image, reason, ...kept } };
  });
}

/** Signatures and metadata of what is left: each may refuse images that the other had counted on. */
async function settle(
  deps: AcceptDeps,
  whole: readonly Outcome[],
  found: readonly JudgedMetadata[],
): Promise<{
  readonly outcomes: readonly Outcome[];
  readonly merged: readonly MergedSignatures[];
  readonly judged: readonly JudgedMetadata[];
}> {
  const { registry, publications, clock } = deps;
  const findList: FindList = async (repository, tag) => (await publications.findTag(repository, tag))?.list;
  for (let outcomes = whole; ;) {
    const settled = await settleMetadata(registry, found, verifiedOf(outcomes), findList);
    outcomes = refuseSome(outcomes, settled.refusals);
    const { merged, refusals } = await mergeSignatures(deps, verifiedOf(outcomes), clock.now());
    if (refusals.size === 0) return { outcomes, merged, judged: settled.judged };
    outcomes = refuseSome(outcomes, refusals);
  }
}

/** What mirrors copy is what the contents lists name: the files of metadata have come after those of the images. */
async function listMetadata(
  { contents, publications }: AcceptDeps,
  outcomes: readonly MetadataOutcome[],
): Promise<readonly string[] | undefined> {
  const placed = outcomes.filter((outcome) => 'placed' in outcome);
  if (placed.length === 0) return undefined;
  const repositories = placed.flatMap(({ collection = '' }) => collection.slice(collection.indexOf('/') + 1));
  return contents.update(await publications.serials(), {
    repositories: new Set(repositories.filter(isRepositoryName)),
    metadata: placed.some(({ format }) => format === 'tuf'),
  });
}

async function publish(
  deps: AcceptDeps,
  verified: readonly VerifiedImage[],
  merged: readonly MergedSignatures[],
  requestSerial: number,
): ReturnType<typeof placePublication> {
  const placed = await placePublication(deps, {
    images: verified.map(({ image, content, referrers, expires }) => ({
      image,
      ...content,
      referrers,
      requestSerial,
      expires,
    })),
    lookaside: merged
      .filter(({ format }) => format === 'simple')
      .map(({ repository, subject, envelopes }) => ({
        repository,
        digest: subject.digest,
        signatures: envelopes.map(({ envelope }) => envelope),
      })),
    ...composeArtifacts(merged, requestSerial),
  });
  for (const { image } of verified) await deps.received.remove(image.repository, image.tag);
  return placed;
}

/** Notes on a staged image why it is still there. */
async function remember(deps: AcceptDeps, verdict: ImageVerdict, serial: number): Promise<void> {
  if (verdict.kind === 'waiting') {
    const { image, signatures, have, need } = verdict;
    const { repository, tag, list } = image;
    await deps.received.put({ repository, tag, list, serial }, signatures);
    await note(deps, image, describeRefusal({ kind: 'threshold', have, need }));
  } else if (verdict.kind === 'refused' && verdict.image !== undefined) {
    if (verdict.signatures !== undefined) {
      const { repository, tag, list } = verdict.image;
      await deps.received.put({ repository, tag, list, serial }, verdict.signatures);
    }
    await note(deps, verdict.image, describeImageRefusal(verdict.reason));
  }
}

function note({ stagedImages }: AcceptDeps, image: StagedImage, reason: string): Promise<void> {
  return stagedImages.put({ ...image, reason });
}

function summarise(
  { clock }: AcceptDeps,
  outcomes: readonly Outcome[],
  serial: number | undefined,
): Omit<AcceptResult, 'metadata' | 'missing' | 'clock'> {
  const published: PublishedImage[] = [];
  const waiting = [];
  const refused = [];
  for (const { target, verdict } of outcomes) {
    const { repository, tag } = target;
    if (verdict.kind === 'accepted') {
      const { image, expires, rule } = verdict.verified;
      const expiresSoon = expires - clock.now() < rule.warnBefore;
      published.push({ repository, tag, list: image.list, expires, expiresSoon });
    } else if (verdict.kind === 'waiting') {
      waiting.push({ repository, tag, have: verdict.have, need: verdict.need });
    } else {
      refused.push({ repository, tag, reason: verdict.reason });
    }
  }
  return { serial, published, waiting, refused };
}
