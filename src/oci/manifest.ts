import {
  type Descriptor,
  describeValue,
  isMediaType,
  parseAnnotations,
  parseDescriptor,
  parseObject,
} from './descriptor.ts';
import { quote } from './digest.ts';
import { SignpostError } from './errors.ts';
import { isImageType, isListType, mediaTypes } from './media-types.ts';
import { parseJson } from './parse-json.ts';

/** Clients refuse manifests over 4 MiB; so does Signpost, on every way in. In bytes. */
export const manifestLimit = 4 * 1024 * 1024;

/** A manifest list: an OCI image index or a Docker manifest list. */
export interface ManifestList {
  readonly kind: 'list';
  readonly mediaType: string;
  readonly manifests: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The manifest of one platform, or of an artifact. */
export interface ImageManifest {
  readonly kind: 'image';
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export type Manifest = ManifestList | ImageManifest;

/**
 * Reads a manifest (image-spec 1.1, manifest.md and image-index.md; Docker schema 2). The bytes are only read: what
 * is stored, signed and served is always the bytes themselves. `expected` is the media type that a descriptor or a
 * Content-Type header gave; the two must agree.
 * @throws SignpostError MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export function parseManifest(bytes: Uint8Array, expected?: string): Manifest {
  const { object, common } = readDocument(bytes, expected);
  if (isListType(common.mediaType)) {
    return { kind: 'list', ...common, manifests: parseDescriptors(object.manifests, 'manifests') };
  }
  return {
    kind: 'image',
    ...common,
    config: parseConfigDescriptor(object.config),
    layers: parseDescriptors(object.layers, 'layers'),
  };
}

/**
 * The media type that a manifest has: its own, the announced one, or what its shape says.
 * @throws SignpostError MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export function readManifestType(bytes: Uint8Array, expected?: string): string {
  return readDocument(bytes, expected).common.mediaType;
}

function readDocument(bytes: Uint8Array, expected: string | undefined) {
  if (bytes.length > manifestLimit) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `the manifest has ${bytes.length} bytes: clients refuse more than ${manifestLimit}`,
    );
  }
  const object = parseObject(parseJson(bytes, 'the manifest', 'MANIFEST_INVALID'), 'the manifest');
  const mediaType = readMediaType(object, expected);
  // A document that is both would be read differently by different clients (image-spec, manifest.md, CVE-2021-41190).
  if (object.manifests !== undefined && (object.layers !== undefined || object.config !== undefined)) {
    throw invalid(
      'the manifest has both "manifests" and "layers" or "config": it must be a list or an image',
    );
  }
  const common = {
    mediaType,
    ...(object.subject === undefined ? {} : { subject: parseDescriptor(object.subject, 'subject') }),
    ...(isMediaType(object.artifactType) ? { artifactType: object.artifactType } : {}),
    ...withAnnotations(object.annotations),
  };
  return { object, common };
}

/** An entry of a list whose manifest can be published. */
export interface ListEntry {
  readonly descriptor: Descriptor;
  /** In the list, from 0. */
  readonly position: number;
  /** The same as the list writes it, with all that Signpost does not know. */
  readonly written: unknown;
}

/** An entry that Signpost cannot read: of another digest algorithm, or of a type that is neither manifest nor list. */
interface PassedEntry {
  readonly position: number;
  readonly digest: string;
  readonly mediaType: string;
}

/** What there is to choose from in a list. */
export interface ListEntries {
  readonly list: Omit<ManifestList, 'manifests'>;
  readonly entries: readonly ListEntry[];
  readonly passed: readonly PassedEntry[];
}

/**
 * Reads a list that is chosen from, rather than taken whole: entries of a digest algorithm or a media type that is not
 * known are told apart (image-spec 1.1, image-index.md: unknown types are to be ignored). Without a value for
 * "manifests" it is empty.
 * @throws SignpostError MANIFEST_INVALID, LIMIT_EXCEEDED
 */
export function parseListEntries(bytes: Uint8Array, expected?: string): ListEntries {
  const { object, common } = readDocument(bytes, expected);
  if (!isListType(common.mediaType)) throw invalid(`it is ${quote(common.mediaType)}: expected a list`);
  const entries: ListEntry[] = [];
  const passed: PassedEntry[] = [];
  for (const [index, written] of parseArray(object.manifests ?? [], 'manifests').entries()) {
    const { digest, mediaType } = parseObject(written, `manifests[${index}]`);
    if (isOtherDigest(digest) || !isManifestType(mediaType)) {
      passed.push({ position: index, digest: describeValue(digest), mediaType: describeValue(mediaType) });
    } else {
      entries.push({ descriptor: parseDescriptor(written, `manifests[${index}]`), position: index, written });
    }
  }
  return { list: { kind: 'list', ...common }, entries, passed };
}

// image-spec 1.1, descriptor.md, "Digests": an algorithm, a colon, and what it encodes.
const otherDigestPattern = /^(?!sha256:)[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/;

function isOtherDigest(digest: unknown): boolean {
  return typeof digest === 'string' && digest.length < 300 && otherDigestPattern.test(digest);
}

function isManifestType(mediaType: unknown): boolean {
  return typeof mediaType === 'string' && (isListType(mediaType) || isImageType(mediaType));
}

/** Config and layers of an image manifest: every blob that it names, each digest once. */
export function blobsOf(manifest: ImageManifest): readonly Descriptor[] {
  return [...new Map([manifest.config, ...manifest.layers].map((blob) => [blob.digest, blob])).values()];
}

/**
 * The type of an artifact for the referrers API (distribution-spec 1.1, "Listing Referrers"): `artifactType`, or the
 * config's media type.
 */
export function artifactTypeOf(manifest: Manifest): string | undefined {
  if (manifest.artifactType !== undefined || manifest.kind === 'list') return manifest.artifactType;
  return manifest.config.mediaType === '' ? undefined : manifest.config.mediaType;
}

function readMediaType(object: Record<string, unknown>, expected: string | undefined): string {
  const declared = object.mediaType;
  if (declared !== undefined && declared !== expected && expected !== undefined) {
    throw invalid(`the manifest says that it is ${quote(declared)}, but was announced as ${quote(expected)}`);
  }
  const mediaType = declared ?? expected ?? guessMediaType(object);
  if (object.schemaVersion === 1) {
    throw invalid(
      'the manifest is Docker schema 1, which is not served as current content: convert the image first',
    );
  }
  if (object.schemaVersion !== 2) {
    throw invalid(`the manifest's schemaVersion is ${describeValue(object.schemaVersion)}: expected 2`);
  }
  if (typeof mediaType !== 'string' || !(isListType(mediaType) || isImageType(mediaType))) {
    throw invalid(
      `the manifest's media type is ${quote(mediaType)}: expected an OCI or Docker schema 2 manifest or list`,
    );
  }
  return mediaType;
}

// OCI made `mediaType` optional; the shape tells a manifest from an index.
function guessMediaType(object: Record<string, unknown>): string {
  return Array.isArray(object.manifests) ? mediaTypes.ociIndex : mediaTypes.ociManifest;
}

function parseDescriptors(value: unknown, where: string): readonly Descriptor[] {
  return parseArray(value, where).map((item, index) => parseDescriptor(item, `${where}[${index}]`));
}

function parseArray(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw invalid(`${where} is ${describeValue(value)}: expected a list of descriptors`);
}

// Registries before schema 2 was settled took any type for a config, and an empty one too; what it is, its content says.
function parseConfigDescriptor(value: unknown): Descriptor {
  const object = parseObject(value, 'config');
  if ((object.mediaType ?? '') !== '') return parseDescriptor(object, 'config');
  return {
    ...parseDescriptor({ ...object, mediaType: 'application/octet-stream' }, 'config'),
    mediaType: '',
  };
}

function withAnnotations(value: unknown): { annotations?: Readonly<Record<string, string>> } {
  const annotations = parseAnnotations(value, 'the manifest');
  return annotations === undefined ? {} : { annotations };
}

function invalid(message: string): SignpostError {
  return new SignpostError('MANIFEST_INVALID', message);
}
