import { type Digest, isDigest } from '../../oci/digest.ts';
import { isCount, parseStrictJson, readField, readFields } from '../strict-json.ts';

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
  readField(bytes.length, isPayloadSize, `at most ${payloadLimit} bytes`, "the payload's size");
  const payload = readFields(
    parseStrictJson(bytes, 'the payload'),
    ['critical', 'optional'] as const,
    'the payload',
  );
  const critical = readFields(payload.critical, ['identity', 'image', 'type'] as const, 'critical');
  const identity = readFields(critical.identity, ['docker-reference'] as const, 'critical.identity');
  const image = readFields(critical.image, ['docker-manifest-digest'] as const, 'critical.image');
  readField(critical.type, isType, '"atomic container signature"', 'critical.type');
  const optional = readField(payload.optional, isObject, 'an object', 'optional');
  if (optional.creator !== undefined) readField(optional.creator, isText, 'a text', 'optional.creator');
  if (optional.timestamp !== undefined) {
    readField(optional.timestamp, isCount, 'whole seconds', 'optional.timestamp');
  }
  return {
    reference: readField(identity['docker-reference'], isText, 'a name', 'docker-reference'),
    digest: readField(image['docker-manifest-digest'], isDigest, 'a digest', 'docker-manifest-digest'),
  };
}

function isPayloadSize(value: unknown): value is number {
  return isCount(value) && value <= payloadLimit;
}

function isType(value: unknown): value is string {
  return value === 'atomic container signature';
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 1024;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
