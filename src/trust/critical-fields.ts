import { type Digest, isDigest } from '../oci/digest.ts';
import { parseRegistryHost, parseTaggedReference } from '../oci/reference.ts';
import { isCount, parseStrictJson, readField, readFields } from './strict-json.ts';

/** The image that a payload of the simple-signing kind names (containers/image, docs/containers-signature.5.md). */
export interface CriticalFields {
  /** `host/repository:tag`. */
  readonly reference: string;
  /** Of the manifest or the list. */
  readonly digest: Digest;
}

/** Longer payloads are refused: host, repository and tag together stay under 600 bytes. */
const payloadLimit = 4096;

/** A payload's `critical`. Clients refuse any further key in it. */
export function formatCritical({ reference, digest }: CriticalFields, type: string) {
  return { identity: { 'docker-reference': reference }, image: { 'docker-manifest-digest': digest }, type };
}

/**
 * Reads a payload that says it is of `type`, as strictly as stock clients do; `optional` is for the caller to read.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseCritical(
  bytes: Uint8Array,
  type: string,
): CriticalFields & { readonly optional: unknown } {
  const { reference, digest, optional } = readCritical(bytes, type, payloadLimit);
  return { reference: readReference(reference, 'docker-reference'), digest, optional };
}

/**
 * The same with a `reference` that is the caller's to read too: other tools sign names without a tag. `limit` is in
 * bytes.
 * @throws SignpostError REQUEST_INVALID
 */
export function readCritical(
  bytes: Uint8Array,
  type: string,
  limit: number,
): { readonly reference: unknown; readonly digest: Digest; readonly optional: unknown } {
  const fits = (value: unknown): value is number => isCount(value) && value <= limit;
  readField(bytes.length, fits, `at most ${limit} bytes`, "the payload's size");
  const payload = readFields(
    parseStrictJson(bytes, 'the payload'),
    ['critical', 'optional'] as const,
    'the payload',
  );
  const critical = readFields(payload.critical, ['identity', 'image', 'type'] as const, 'critical');
  const identity = readFields(critical.identity, ['docker-reference'] as const, 'critical.identity');
  const image = readFields(critical.image, ['docker-manifest-digest'] as const, 'critical.image');
  readField(critical.type, (value): value is string => value === type, `"${type}"`, 'critical.type');
  return {
    reference: identity['docker-reference'],
    digest: readField(image['docker-manifest-digest'], isDigest, 'a digest', 'docker-manifest-digest'),
    optional: payload.optional,
  };
}

/** `host/repository:tag`. Throws SignpostError REQUEST_INVALID. */
export function readReference(value: unknown, where: string): string {
  return readField(value, isFullReference, '<host>/<repository>:<tag>', where);
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
