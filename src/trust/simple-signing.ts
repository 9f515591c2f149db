import type { Digest } from '../oci/digest.ts';
import { formatCritical, parseCritical } from './critical-fields.ts';
import { isCount, readField, readFields } from './strict-json.ts';

/** What a simple signature says (containers/image, docs/containers-signature.5.md). */
export interface SimpleSigning {
  /** `host/repository:tag`. */
  readonly reference: string;
  /** Of the manifest or the list. */
  readonly digest: Digest;
  /** The program that made it. */
  readonly creator: string;
  /** Seconds since the epoch. */
  readonly timestamp: number;
  /** The serial of the signing request: what keeps an old signature from being published again. */
  readonly serial: number;
}

const signatureType = 'atomic container signature';

/** The payload that is signed. Clients refuse any further key under `critical`, and ignore `optional` ones. */
export function formatSimpleSigning(content: SimpleSigning): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      critical: formatCritical(content, signatureType),
      optional: { creator: content.creator, timestamp: content.timestamp, serial: content.serial },
    }),
  );
}

/**
 * Reads a payload as strictly as stock clients do, and `optional` more strictly: what {@link formatSimpleSigning}
 * writes and nothing else.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseSimpleSigning(bytes: Uint8Array): SimpleSigning {
  const { reference, digest, optional } = parseCritical(bytes, signatureType);
  const fields = readFields(optional, ['creator', 'timestamp', 'serial'] as const, 'optional');
  return {
    reference,
    digest,
    creator: readField(fields.creator, isCreator, 'at most 256 characters', 'optional.creator'),
    timestamp: readField(fields.timestamp, isCount, 'whole seconds since the epoch', 'optional.timestamp'),
    serial: readField(fields.serial, isCount, 'a whole number', 'optional.serial'),
  };
}

function isCreator(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 256;
}
