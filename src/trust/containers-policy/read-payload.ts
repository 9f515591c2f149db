import type { Digest } from '../../oci/digest.ts';
import { readCritical } from '../critical-fields.ts';
import { isCount, readField } from '../strict-json.ts';

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
  const optional = readField(payload.optional, isObject, 'an object', 'optional');
  if (optional.creator !== undefined) readField(optional.creator, isText, 'a text', 'optional.creator');
  if (optional.timestamp !== undefined) {
    readField(optional.timestamp, isCount, 'whole seconds', 'optional.timestamp');
  }
  return {
    reference: readField(payload.reference, isText, 'a name', 'docker-reference'),
    digest: payload.digest,
  };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
