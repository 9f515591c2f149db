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
    throw invalid(`${where}.mediaType is ${describeValue(object.mediaType)}: expected a media type`);
  }
  if (!isDigest(object.digest)) {
    throw invalid(
      `${where}.digest is ${describeValue(object.digest)}: expected "sha256:" and 64 hexadecimal digits`,
    );
  }
  if (!Number.isSafeInteger(object.size) || (object.size as number) < 0) {
    throw invalid(`${where}.size is ${describeValue(object.size)}: expected a number of bytes`);
  }
  checkData(object.data, object.digest, object.size as number, where);
  return {
    mediaType: object.mediaType,
    digest: object.digest,
    size: object.size as number,
    ...optional('platform', readPlatform(object.platform, where)),
    ...optional('annotations', parseAnnotations(object.annotations, where)),
    ...optional('artifactType', isMediaType(object.artifactType) ? object.artifactType : undefined),
    ...optional('urls', readUrls(object.urls, where)),
  };
}

/**
 * The members of a JSON object. A member that is null is an absent one: so writers in Go say that there is nothing.
 * @throws SignpostError MANIFEST_INVALID when `value` is not a JSON object
 */
export function parseObject(value: unknown, where: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null));
  }
  throw invalid(`${where} is ${describeValue(value)}: expected an object`);
}

/** A value in a message. A required member that is null or not there at all is missing. */
export function describeValue(value: unknown): string {
  return value === undefined ? 'missing' : quote(value);
}

/** @throws SignpostError MANIFEST_INVALID when a value is not a string */
export function parseAnnotations(
  value: unknown,
  where: string,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined) return undefined;
  const entries = Object.entries(parseObject(value, `${where}.annotations`));
  for (const [key, text] of entries) {
    if (typeof text !== 'string') {
      throw invalid(`${where}.annotations[${quote(key)}] is ${quote(text)}: expected a string`);
    }
  }
  return Object.fromEntries(entries) as Record<string, string>;
}

// One that names no os or no architecture says nothing that could be compared, and is an absent one.
function readPlatform(value: unknown, where: string): Platform | undefined {
  return value === undefined
    ? undefined
    : parsePlatformObject(parseObject(value, `${where}.platform`), `${where}.platform`);
}

function readUrls(value: unknown, where: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((url) => typeof url === 'string')) return value;
  throw invalid(`${where}.urls is ${quote(value)}: expected a list of strings`);
}

/**
 * The platform that an object describes: that of a descriptor, or an image's config (image-spec 1.1, image-index.md and
 * config.md). Undefined where os or architecture is absent or empty.
 * @throws SignpostError MANIFEST_INVALID
 */
export function parsePlatformObject(
  object: Readonly<Record<string, unknown>>,
  where: string,
): Platform | undefined {
  const os = readText(object, 'os', where);
  const architecture = readText(object, 'architecture', where);
  if (os === undefined || architecture === undefined) return undefined;
  const features = object['os.features'] ?? [];
  if (!Array.isArray(features) || !features.every((feature) => typeof feature === 'string')) {
    throw invalid(`${where}: "os.features" is ${quote(features)}: expected a list of strings`);
  }
  return {
    os,
    architecture,
    ...optional('variant', readText(object, 'variant', where)),
    ...optional('osVersion', readText(object, 'os.version', where)),
    ...optional('osFeatures', features.length === 0 ? undefined : features),
  };
}

/**
 * image-spec 1.1, descriptor.md, "data": the content itself, in base64. A client may take it in place of what the digest
 * names, and "the decoded data MUST be identical" to that.
 */
function checkData(data: unknown, digest: Digest, size: number, where: string): void {
  if (data === undefined) return;
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

function readText(object: Readonly<Record<string, unknown>>, key: string, where: string): string | undefined {
  const value = object[key] ?? '';
  if (typeof value !== 'string') throw invalid(`${where}: "${key}" is ${quote(value)}: expected a string`);
  return value === '' ? undefined : value;
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}

function invalid(message: string): SignpostError {
  return new SignpostError('MANIFEST_INVALID', message);
}
