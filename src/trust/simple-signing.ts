import { type Digest, isDigest } from '../oci/digest.ts';
import { parseRegistryHost, parseTaggedReference } from '../oci/reference.ts';
import { isCount, parseStrictJson, readField, readFields } from './strict-json.ts';

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

/** Longer payloads are refused: host, repository and tag together stay under 600 bytes. */
const payloadLimit = 4096;

const signatureType = 'atomic container signature';

/** The payload that is signed. Clients refuse any further key under `critical`, and ignore `optional` ones. */
export function formatSimpleSigning(content: SimpleSigning): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': content.reference },
        image: { 'docker-manifest-digest': content.digest },
        type: signatureType,
      },
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
  const size = bytes.length;
  readField(size, isPayloadSize, `at most ${payloadLimit} bytes`, "the payload's size");
  const payload = readFields(
    parseStrictJson(bytes, 'the payload'),
    ['critical', 'optional'] as const,
    'the payload',
  );
  const critical = readFields(payload.critical, ['identity', 'image', 'type'] as const, 'critical');
  const identity = readFields(critical.identity, ['docker-reference'] as const, 'critical.identity');
  const image = readFields(critical.image, ['docker-manifest-digest'] as const, 'critical.image');
  readField(critical.type, isSignatureType, `"${signatureType}"`, 'critical.type');
  const optional = readFields(payload.optional, ['creator', 'timestamp', 'serial'] as const, 'optional');
  return {
    reference: readField(
      identity['docker-reference'],
      isFullReference,
      '<host>/<repository>:<tag>',
      'docker-reference',
    ),
    digest: readField(image['docker-manifest-digest'], isDigest, 'a digest', 'docker-manifest-digest'),
    creator: readField(optional.creator, isCreator, 'at most 256 characters', 'optional.creator'),
    timestamp: readField(optional.timestamp, isCount, 'whole seconds since the epoch', 'optional.timestamp'),
    serial: readField(optional.serial, isCount, 'a whole number', 'optional.serial'),
  };
}

function isPayloadSize(value: unknown): value is number {
  return isCount(value) && value <= payloadLimit;
}

function isSignatureType(value: unknown): value is string {
  return value === signatureType;
}

function isCreator(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 256;
}

function isFullReference(value: unknown): value is string {
  if (typeof value !== 'string' || value.length > 1024) return false;
  const slash = value.indexOf('/');
  try {
    parseRegistryHost(value.slice(0, Math.max(slash, 0)));
    parseTaggedReference(value.slice(slash + 1));
    return true;
  } catch {
    return false;
  }
}
