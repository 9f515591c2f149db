import type { Descriptor } from '../../oci/descriptor.ts';
import { digestOf } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import { type ImageConfig, isImageConfigType, parseImageConfig } from '../../oci/image-config.ts';
import { blobsOf, type ImageManifest, manifestLimit, parseManifest } from '../../oci/manifest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { ImageSource } from '../../ports/image-source.ts';
import { checkDistributable } from './check-distributable.ts';
import { checkBlobs, checkCount, type PublishLimits } from './publish-limits.ts';
import { throwIfCancelled } from './throw-if-cancelled.ts';

/** Where an image is read from, and how large it may be. */
export interface Reading {
  readonly source: ImageSource;
  readonly limits: PublishLimits;
  readonly signal: AbortSignal;
}

/** A manifest with its bytes as the source gave them, checked against the descriptor. */
export interface ImagePart {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: ImageManifest;
  /** Undefined for an artifact. */
  readonly config?: ImageConfig;
}

/** The platform of a part: what the list says, or else its config. */
export function platformOf({ descriptor, config }: ImagePart): Platform | undefined {
  return descriptor.platform ?? config?.platform;
}

/** A part in a message: its platform, or its digest where it has none. */
export function nameOf(part: ImagePart): string {
  const platform = platformOf(part);
  return platform === undefined ? part.descriptor.digest : formatPlatform(platform);
}

/**
 * The manifest that `descriptor` names, with what its config says.
 * @throws SignpostError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, and what the source throws
 */
async function readPart(reading: Reading, descriptor: Descriptor): Promise<ImagePart> {
  const { source } = reading;
  const bytes = await readNamed(source, descriptor);
  const manifest = explain(source, descriptor, () => parseManifest(bytes, descriptor.mediaType));
  if (manifest.kind === 'image') return describePart(reading, descriptor, bytes, manifest);
  throw new SignpostError(
    'MANIFEST_INVALID',
    `${source.name}: manifest ${descriptor.digest} is a list, but was announced as ${descriptor.mediaType}`,
  );
}

/** What a source has of an entry, and what is not there. */
interface ReadPart {
  readonly part?: ImagePart;
  readonly lacks?: string;
}

export type PartReader = (descriptor: Descriptor) => Promise<ReadPart>;

/** Reads the manifests of a list, each once, and looks whether their blobs are there, where a look is cheap. */
export function createPartReader(reading: Reading): PartReader {
  const { source, signal } = reading;
  const read = new Map<string, Promise<ReadPart>>();
  const readOne = async (descriptor: Descriptor): Promise<ReadPart> => {
    throwIfCancelled(signal);
    let part: ImagePart;
    try {
      part = await readPart(reading, descriptor);
    } catch (error) {
      if (isSignpostError(error, 'NOT_FOUND')) return { lacks: error.message };
      throw error;
    }
    for (const blob of blobsOf(part.manifest)) {
      if ((await source.holds?.(blob)) === false) return { part, lacks: `it lacks ${blob.digest}` };
    }
    return { part };
  };
  return (descriptor) => {
    const key = `${descriptor.digest} ${descriptor.size} ${descriptor.mediaType}`;
    const part = read.get(key) ?? readOne(descriptor);
    read.set(key, part);
    return part;
  };
}

/** The bytes of a manifest or list that `descriptor` names. @throws SignpostError as {@link readPart} */
export async function readNamed(source: ImageSource, descriptor: Descriptor): Promise<Uint8Array> {
  const { digest, size } = descriptor;
  checkCount(`bytes of manifest ${digest}`, size, manifestLimit);
  const { bytes } = await source.manifest(descriptor);
  const got = digestOf(bytes);
  if (bytes.length === size && got === digest) return bytes;
  throw new SignpostError(
    'DIGEST_MISMATCH',
    `manifest ${digest}: expected ${size} bytes, got ${bytes.length} bytes with ${got}: the source is damaged or was changed`,
  );
}

/** A manifest with what its config says. @throws SignpostError as {@link readPart} */
export async function describePart(
  { source, limits, signal }: Reading,
  descriptor: Descriptor,
  bytes: Uint8Array,
  manifest: ImageManifest,
): Promise<ImagePart> {
  const { platform, digest } = descriptor;
  const name = platform === undefined ? digest : formatPlatform(platform);
  checkCount(`layers of ${name}`, manifest.layers.length, limits.layers);
  checkDistributable(name, manifest);
  checkBlobs([manifest.config, ...manifest.layers], limits);
  if (!mayBeImage(manifest)) return { descriptor, bytes, manifest };
  const read = await readConfig(source, manifest.config, signal);
  const config = explain(source, descriptor, () => parseImageConfig(manifest, read));
  return { descriptor, bytes, manifest, ...(config === undefined ? {} : { config }) };
}

// The config of a model or a chart may be of any size, and is nobody's business here.
function mayBeImage({ config: { mediaType, size, digest } }: ImageManifest): boolean {
  if (mediaType === mediaTypes.ociEmpty) return false;
  if (size <= manifestLimit) return true;
  if (!isImageConfigType(mediaType)) return false;
  throw new SignpostError('LIMIT_EXCEEDED', `config ${digest} has ${size} bytes: at most ${manifestLimit}`);
}

async function readConfig(source: ImageSource, config: Descriptor, signal: AbortSignal): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let got = 0;
  for await (const piece of await source.blob(config, 0, signal)) {
    got += piece.length;
    if (got > config.size) break;
    pieces.push(Buffer.from(piece));
  }
  const bytes = Buffer.concat(pieces);
  if (got === config.size && digestOf(bytes) === config.digest) return bytes;
  throw new SignpostError(
    'DIGEST_MISMATCH',
    `config ${config.digest}: expected ${config.size} bytes, got ${got === config.size ? digestOf(bytes) : `${got} bytes`}: ` +
      `the source is damaged or was changed`,
  );
}

/** Has an error say which manifest of which source it is about. */
export function explain<T>(
  source: Pick<ImageSource, 'name'>,
  { digest, platform }: Pick<Descriptor, 'digest' | 'platform'>,
  work: () => T,
): T {
  try {
    return work();
  } catch (cause) {
    if (!isSignpostError(cause)) throw cause;
    const name = platform === undefined ? digest : `${formatPlatform(platform)} (${digest})`;
    throw new SignpostError(cause.code, `${source.name}, ${name}: ${cause.message}`, { cause });
  }
}
