import type { Digest } from '../../oci/digest.ts';
import { readCritical } from '../critical-fields.ts';
import { countOf, partOf, textUpTo } from '../json-reader.ts';

/** What a simple signature by any tool names. */
export interface NamedImage {
  /** As it is signed; it may be without a tag. */
  readonly reference: string;
  readonly digest: Digest;
}

const payloadLimit = 64 * 1024;

/**
 * Reads a payload as containers/image does (containers-signature(5)): strict in `critical`, and in `optional` only
 * where it knows a field.
 * @throws SignpostError REQUEST_INVALID
 */
export function readContainersPayload(bytes: Uint8Array): NamedImage {
  const payload = readCritical(bytes, 'atomic container signature', payloadLimit);
  readOptional(payload.optional, 'optional');
  return { reference: readName(payload.reference, 'docker-reference'), digest: payload.digest };
}

const readName = textUpTo(1024, 'a name');
const readOptional = partOf({}, { creator: textUpTo(1024, 'a text'), timestamp: countOf('whole seconds') });
