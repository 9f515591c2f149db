import { SignpostError } from '../../oci/errors.ts';
import { type TaggedReference, formatTaggedReference } from '../../oci/reference.ts';
import type { IssuedRequests } from '../../ports/issued-requests.ts';
import type { MetadataTree } from '../../ports/metadata-tree.ts';
import type { Progress } from '../../ports/progress.ts';
import type { Publications } from '../../ports/publications.ts';
import type { ReceivedSignatures } from '../../ports/received-signatures.ts';
import type { StagedImage, StagedImages } from '../../ports/staged-images.ts';
import { describeSignerClock } from '../../trust/compare-clocks.ts';
import type { SealKey } from '../../trust/hand-off/seal.ts';
import type { BundleHeader } from '../../trust/hand-off/signature-bundle.ts';
import { type MetadataPolicy, judgeMetadata } from './accept-metadata.ts';
import { type CheckDeps, checkBlobs } from './check-blobs.ts';
import { gatherSignatures } from './gather-signatures.ts';
import type { ImageRefusal, RefusedImage } from './image-refusal.ts';
import { type VerifiedImage, judgeImages } from './judge-image.ts';
import { type Placed, placeDecision } from './place-decision.ts';
import type { PlacementDeps } from './place-publication.ts';
import type { PresentDeps } from './present-envelopes.ts';
import { type ReadBundle, readBundle } from './read-bundle.ts';
import { type ReadImageDeps, readImages } from './read-image.ts';
import { settle } from './settle.ts';

export interface AcceptDeps {
  readonly policy: AcceptPolicy;
  readonly records: AcceptRecords;
  readonly files: AcceptFiles;
  readonly watch?: AcceptWatch | undefined;
}

/** What the operator demands. */
interface AcceptPolicy extends Pick<ReadImageDeps, 'registry' | 'findRule'> {
  /** Who may vouch for a bundle; empty when none has to be vouched for. */
  readonly signers: readonly SealKey[];
  readonly metadata: MetadataPolicy;
}

/** What is known of requests, of what is staged and of what is published. */
interface AcceptRecords {
  readonly issuedRequests: Pick<IssuedRequests, 'find'>;
  readonly stagedImages: StagedImages;
  readonly received: ReceivedSignatures;
  readonly publications: Publications;
}

/** Where the bytes are. */
interface AcceptFiles extends Pick<PlacementDeps, 'tree' | 'contents'> {
  readonly staging: CheckDeps['staging'] & PlacementDeps['staging'] & ReadImageDeps['staging'];
  readonly treeReader: CheckDeps['treeReader'] & PresentDeps['treeReader'];
  readonly metadataTree: Pick<MetadataTree, 'read' | 'place'>;
}

/** Who looks on, and may stop it until it publishes. */
export interface AcceptWatch {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Told after each image whose signatures have been looked at. */
  readonly onVerified?: (done: number, all: number) => void;
  /** Told after each file that has been handed to the tree. */
  readonly onPlaced?: (done: number, all: number) => void;
}

export interface AcceptResult extends Placed {
  readonly published: readonly PublishedImage[];
  /** Good, but more keys have to sign. */
  readonly waiting: readonly (TaggedReference & { readonly have: number; readonly need: number })[];
  readonly refused: readonly (TaggedReference & { readonly reason: ImageRefusal })[];
  /** What is wrong with the signer's clock, or the one here. */
  readonly clock: string | undefined;
}

interface PublishedImage extends TaggedReference {
  readonly list: string;
  /** Milliseconds since the epoch. */
  readonly expires: number;
  /** It expires within the time that the rule warns of. */
  readonly expiresSoon: boolean;
}

/**
 * Verifies a signature bundle and publishes what satisfies the configuration, in one step. Everything is verified
 * before anything is changed. What was refused stays staged, with the reason. The caller holds the content lock. `now`
 * is in milliseconds since the epoch.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED, TRUST (the bundle as a whole), NOT_FOUND, STORAGE
 */
export async function acceptBundle(
  { policy, records, files, watch }: AcceptDeps,
  lines: AsyncIterable<Uint8Array>,
  now: number,
): Promise<AcceptResult> {
  const { registry } = policy;
  const deps = { ...policy, ...records, ...files, ...watch };

  // Read: the bundle, and what is staged for it.
  const bundle = await readBundle(lines, registry, { signers: policy.signers, now });
  await checkIssued(records.issuedRequests, bundle.header);
  const staged = await records.stagedImages.list();
  const read = readImages(deps, bundle, staged);

  // Judge: each image by its signatures, then the metadata.
  const judged = await judgeImages(read, now, (done) => watch?.onVerified?.(done, bundle.images.length));
  const metadata = await judgeMetadata(deps, bundle.files, now);

  // Check: the bytes of every blob, which may be long since it was staged.
  const checked = await checkBlobs(deps, judged.verified);

  // Settle: what fits together, and with what is published.
  const signatures = await gatherSignatures(deps, checked.whole, now);
  const settled = settle(registry, checked.whole, metadata, signatures);

  // Place: that, and nothing before.
  const { waiting } = judged;
  const refused = inOrder(bundle, [...judged.refused, ...checked.damaged, ...settled.refused]);
  const placed = await placeDecision(deps, { ...settled, serial: bundle.header.serial, waiting, refused });
  return {
    ...placed,
    published: settled.images.map((image) => describePublished(image, now)),
    waiting: waiting.map(({ image: { repository, tag }, have, need }) => ({ repository, tag, have, need })),
    refused: refused.map(({ repository, tag, reason }) => ({ repository, tag, reason })),
    clock: describeClock(bundle, staged, now),
  };
}

// The serial is signed. Without this, whoever changes a request on its way could have one signed that no later request
// reaches, and nothing could be published any more.
async function checkIssued(
  issuedRequests: Pick<IssuedRequests, 'find'>,
  { serial, request }: BundleHeader,
): Promise<void> {
  if ((await issuedRequests.find(serial)) === request) return;
  throw new SignpostError(
    'TRUST',
    `the signature bundle answers a request with the serial ${serial} that was not written here, or was changed on ` +
      'its way to the signer: make a new request with "signpost request" and have it signed',
  );
}

/** What was refused, as the bundle has it. */
function inOrder({ images }: ReadBundle, refused: readonly RefusedImage[]): readonly RefusedImage[] {
  const byName = new Map(refused.map((image) => [formatTaggedReference(image), image]));
  return images.flatMap((image) => byName.get(formatTaggedReference(image)) ?? []);
}

function describePublished({ image, expires, rule }: VerifiedImage, now: number): PublishedImage {
  const { repository, tag, list } = image;
  return { repository, tag, list, expires, expiresSoon: expires - now < rule.warnBefore };
}

function describeClock(
  { header, images }: ReadBundle,
  staged: readonly StagedImage[],
  now: number,
): string | undefined {
  const named = new Set(images.map(formatTaggedReference));
  const own = staged.filter((image) => named.has(formatTaggedReference(image)));
  const newest = own.reduce((latest, image) => Math.max(latest, image.staged), 0);
  return describeSignerClock(header.created * 1000, newest, now);
}
