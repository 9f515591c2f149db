import {
  type Descriptor,
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
  if (isListType(mediaType)) {
    return { kind: 'list', ...common, manifests: parseDescriptors(object.manifests, 'manifests') };
  }
  return {
    kind: 'image',
    ...common,
    config: parseDescriptor(object.config, 'config'),
    layers: parseDescriptors(object.layers, 'layers'),
  };
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
  return manifest.artifactType ?? (manifest.kind === 'image' ? manifest.config.mediaType : undefined);
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
    throw invalid(`the manifest's schemaVersion is ${quote(object.schemaVersion)}: expected 2`);
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
  if (!Array.isArray(value)) throw invalid(`${where} is ${quote(value)}: expected a list of descriptors`);
  return value.map((item, index) => parseDescriptor(item, `${where}[${index}]`));
}

function withAnnotations(value: unknown): { annotations?: Readonly<Record<string, string>> } {
  const annotations = parseAnnotations(value, 'the manifest');
  return annotations === undefined ? {} : { annotations };
}

function invalid(message: string): SignpostError {
  return new SignpostError('MANIFEST_INVALID', message);
}
