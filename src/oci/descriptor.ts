import { type Digest, digestMatches, isDigest, quote } from './digest.ts';
import { SignpostError } from './errors.ts';
import type { Platform } from './platform.ts';

/** image-spec 1.1, descriptor.md. `size` is in bytes. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  readonly platform?: Platform;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
}

// RFC 6838, section 4.2, as image-spec requires of `mediaType`.
const mediaTypePattern = /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}$/;

export function isMediaType(value: unknown): value is string {
  return typeof value === 'string' && mediaTypePattern.test(value);
}

/**
 * Reads a descriptor out of parsed JSON. `where` names it in messages ("layers[2]").
 * @throws SignpostError MANIFEST_INVALID
 */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  const object = parseObject(value, where);
  if (!isMediaType(object.mediaType)) {
    throw invalid(`${where}.mediaType is ${quote(object.mediaType)}: expected a media type`);
  }
  if (!isDigest(object.digest)) {
    throw invalid(`${where}.digest is ${quote(object.digest)}: expected "sha256:" and 64 hexadecimal digits`);
  }
  if (!Number.isSafeInteger(object.size) || (object.size as number) < 0) {
    throw invalid(`${where}.size is ${quote(object.size)}: expected a number of bytes`);
  }
  checkData(object.data, object.digest, object.size as number, where);
  return {
    mediaType: object.mediaType,
    digest: object.digest,
    size: object.size as number,
    ...optional('platform', object.platform === undefined ? undefined : readPlatform(object.platform, where)),
    ...optional('annotations', parseAnnotations(object.annotations, where)),
    ...optional('artifactType', isMediaType(object.artifactType) ? object.artifactType : undefined),
    ...optional('urls', readUrls(object.urls, where)),
  };
}

/** @throws SignpostError MANIFEST_INVALID when `value` is not a JSON object */
export function parseObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return value as Record<string, unknown>;
  }
  throw invalid(`${where} is ${quote(value)}: expected an object`);
}

/** @throws SignpostError MANIFEST_INVALID when a value is not a string */
export function parseAnnotations(
  value: unknown,
  where: string,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const entries = Object.entries(parseObject(value, `${where}.annotations`));
  for (const [key, text] of entries) {
    if (typeof text !== 'string') {
      throw invalid(`${where}.annotations[${quote(key)}] is ${quote(text)}: expected a string`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

function readPlatform(value: unknown, where: string): Platform {
  const object = parseObject(value, `${where}.platform`);
  const { os, architecture, variant } = object;
  if (typeof os !== 'string' || typeof architecture !== 'string') {
    throw invalid(`${where}.platform names no os and architecture`);
  }
  return {
    os,
    architecture,
    ...(typeof variant === 'string' && variant !== '' ? { variant } : {}),
    ...(typeof object['os.version'] === 'string' ? { osVersion: object['os.version'] } : {}),
  };
}

/**
 * image-spec 1.1, descriptor.md, "data": the content itself, in base64. A client may take it in place of what the digest
 * names, and "the decoded data MUST be identical" to that.
 */
function checkData(data: unknown, digest: Digest, size: number, where: string): void {
  if (data === undefined || data === null) return;
  const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : undefined;
  if (bytes === undefined || bytes.toString('base64') !== data) {
    throw invalid(`${where}.data is ${quote(data)}: expected the content in base64`);
  }
  if (bytes.length === size && digestMatches(digest, bytes)) return;
  throw invalid(
    `${where}.data is ${bytes.length} bytes that are not the content of ${digest}, which has ${size} bytes: ` +
      `some clients would take them in its place`,
  );
}

function readUrls(value: unknown, where: string): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value) && value.every((url) => typeof url === 'string')) return value;
  throw invalid(`${where}.urls is ${quote(value)}: expected a list of strings`);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function invalid(message: string): SignpostError {
  return new SignpostError('MANIFEST_INVALID', message);
}
