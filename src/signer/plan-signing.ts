import { SignpostError } from '../oci/errors.ts';
import { formatTaggedReference } from '../oci/reference.ts';
import type { SignedTag, SignerRecord } from '../ports/signer-record.ts';
import type { RequestHeader } from '../trust/hand-off/signing-request.ts';
import type { InspectedImage } from './inspect-image.ts';
import type { ReadRequest } from './read-request.ts';

/** What is about to be signed, for a person to look at. */
export interface SigningPlan {
  readonly header: RequestHeader;
  readonly images: readonly PlannedImage[];
  /** Repositories for which the signer has already signed this serial or a later one. */
  readonly rollbacks: readonly Rollback[];
  /** Repositories whose serial would become so great at once that somebody may have written it there. */
  readonly jumps: readonly Rollback[];
}

/** Serials grow by one with each request of the origin: so many requests are not made between two signatures. */
const greatestJump = 1_000_000;

export interface PlannedImage extends InspectedImage {
  /** `host/repository:tag`, as it will be signed. */
  readonly reference: string;
  /** Against the signer's own record, not against what the origin says. */
  readonly change: 'new' | 'changed' | 'same';
  readonly previous?: SignedTag;
}

interface Rollback {
  /** `host/repository`. */
  readonly repository: string;
  readonly recorded: number;
  readonly requested: number;
}

/** Compares a request with what this signer has signed before. */
export function planSigning({ header, images }: ReadRequest, record: SignerRecord): SigningPlan {
  const repositories = new Set(images.map(({ repository }) => `${header.registry}/${repository}`));
  const serials = [...repositories].map((repository) => ({
    repository,
    recorded: record.highestSerial(repository),
    requested: header.serial,
  }));
  return {
    header,
    images: images.map((image) => planImage(header, image, record)),
    rollbacks: serials.filter(({ recorded, requested }) => requested <= recorded),
    jumps: serials.filter(({ recorded, requested }) => requested > recorded + greatestJump),
  };
}

/**
 * Refuses to go back: an old request signed again could put an old image, with its known holes, in a new one's place.
 * @throws SignpostError ROLLBACK
 */
export function refuseRollback({ rollbacks }: SigningPlan): void {
  const [first] = rollbacks;
  if (first === undefined) return;
  const others = rollbacks.length === 1 ? '' : ` (and ${rollbacks.length - 1} more repositories)`;
  throw new SignpostError(
    'ROLLBACK',
    `request ${first.requested} is not newer than request ${first.recorded}, which was signed before for ` +
      `${first.repository}${others}: make a new request with "signpost request", or add --allow-rollback if this is meant`,
  );
}

/**
 * Refuses a serial far above every one before: once it is signed, no honest request is newer.
 * @throws SignpostError TRUST
 */
export function refuseJump({ jumps: [first] }: SigningPlan): void {
  if (first !== undefined) throw new SignpostError('TRUST', describeJump(first));
}

export function describeJump({ repository, recorded, requested }: Rollback): string {
  return (
    `request ${requested} is more than ${greatestJump} above request ${recorded}, the last that was signed for ` +
    `${repository}: it was changed, or is not the origin's; make a new request with "signpost request"`
  );
}

function planImage(header: RequestHeader, image: InspectedImage, record: SignerRecord): PlannedImage {
  const reference = `${header.registry}/${formatTaggedReference(image)}`;
  const previous = record.find(reference);
  if (previous === undefined) return { ...image, reference, change: 'new' };
  return { ...image, reference, previous, change: previous.list === image.list ? 'same' : 'changed' };
}
