import { SignpostError } from '../oci/errors.ts';
import { formatTaggedReference } from '../oci/reference.ts';
import type { SignerRecord } from '../ports/signer-record.ts';
import type { InspectedImage } from './inspect-image.ts';
import type { ReadRequest } from './read-request.ts';
import type { SigningKey } from './signing-key.ts';

/** What this signer has signed and its record does not know: the record was put back to an older state. */
export interface Forgotten {
  /** `host/repository:tag`. */
  readonly reference: string;
  /** Of the request that was signed. */
  readonly serial: number;
  /** The highest serial that the record knows for the repository. */
  readonly recorded: number;
}

/**
 * Looks for the signer's own signatures in what the origin says is published. An origin that says nothing hides
 * nothing from a record that is whole; one that lies cannot make a signature of this key. `now` is in milliseconds since
 * the epoch.
 */
export function findForgotten(
  { header, images }: ReadRequest,
  keys: readonly SigningKey[],
  record: SignerRecord,
  now: number,
): readonly Forgotten[] {
  const simple = keys.filter(({ signer }) => signer.format === 'simple');
  const forgotten: Forgotten[] = [];
  for (const image of images) {
    const reference = `${header.registry}/${formatTaggedReference(image)}`;
    const serial = newestOwn(image, reference, simple, now);
    const recorded = record.highestSerial(`${header.registry}/${image.repository}`);
    if (serial > recorded) forgotten.push({ reference, serial, recorded });
  }
  return forgotten;
}

/** The reasons, in words. */
export function describeForgotten(forgotten: readonly Forgotten[]): readonly string[] {
  return forgotten.map(
    ({ reference, serial, recorded }) =>
      `${reference}: this key signed request ${serial}, but the record knows of none after ${recorded}: ` +
      `the record is an old copy, or another machine signs with this key`,
  );
}

/**
 * Refuses to sign with a record that is behind.
 * @throws SignpostError ROLLBACK
 */
export function refuseForgotten(forgotten: readonly Forgotten[]): void {
  const [first = '', ...others] = describeForgotten(forgotten);
  if (forgotten.length === 0) return;
  throw new SignpostError(
    'ROLLBACK',
    `${first}${others.length === 0 ? '' : ` (and ${others.length} more tags)`}. Restore the newest record; or check ` +
      `what is published, and add --adopt-record to continue from there`,
  );
}

function newestOwn(
  { published }: InspectedImage,
  reference: string,
  keys: readonly SigningKey[],
  now: number,
): number {
  let newest = 0;
  for (const { signer, reader } of keys) {
    for (const envelope of published) {
      const evidence = reader.read(envelope, now);
      const own =
        evidence.kind === 'signed' &&
        evidence.fingerprint === signer.fingerprint &&
        evidence.reference === reference;
      if (own) newest = Math.max(newest, evidence.serial);
    }
  }
  return newest;
}
