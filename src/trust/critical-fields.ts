import type { Digest } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { parseRegistryHost, parseTaggedReference } from '../oci/reference.ts';
import { constantOf, objectOf, readAnything, readDigest, valueOf } from './json-reader.ts';
import { parseStrictJson } from './strict-json.ts';

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
  if (bytes.length > limit) {
    throw new SignpostError(
      'REQUEST_INVALID',
      `the payload has ${bytes.length} bytes: expected at most ${limit}`,
    );
  }
  const read = objectOf({
    critical: objectOf({
      identity: objectOf({ 'docker-reference': readAnything }),
      image: objectOf({ 'docker-manifest-digest': readDigest }),
      type: constantOf(type),
    }),
    optional: readAnything,
  });
  const { critical, optional } = read(parseStrictJson(bytes, 'the payload'), 'the payload');
  return {
    reference: critical.identity['docker-reference'],
    digest: critical.image['docker-manifest-digest'],
    optional,
  };
}

/** `host/repository:tag`. */
export const readReference = valueOf(isFullReference, '<host>/<repository>:<tag>');

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
