import type { Digest } from '../oci/digest.ts';
import { formatCritical, parseCritical } from './critical-fields.ts';
import { countOf, objectOf, textUpTo } from './json-reader.ts';

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

const readOptional = objectOf({
  creator: textUpTo(256),
  timestamp: countOf('whole seconds since the epoch'),
  serial: countOf('a whole number'),
});

/**
 * Reads a payload as strictly as stock clients do, and `optional` more strictly: what {@link formatSimpleSigning}
 * writes and nothing else.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseSimpleSigning(bytes: Uint8Array): SimpleSigning {
  const { reference, digest, optional } = parseCritical(bytes, signatureType);
  return { reference, digest, ...readOptional(optional, 'optional') };
}
