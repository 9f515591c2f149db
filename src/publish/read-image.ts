import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { type ImageManifest, manifestLimit, type ManifestList, parseManifest } from '../oci/manifest.ts';
import { isImageType, isListType } from '../oci/media-types.ts';
import { formatPlatform, type Platform, platformMatches } from '../oci/platform.ts';
import type { ImageSource, SourceManifest } from '../ports/image-source.ts';
import { checkDistributable } from './check-distributable.ts';
import { chooseManifests } from './choose-manifests.ts';
import { filterList, isImageConfig, readPlatform, wrapManifest } from './make-list.ts';
import { checkBlobs, checkCount, type PublishLimits } from './publish-limits.ts';
import { throwIfCancelled } from './throw-if-cancelled.ts';

/** A manifest with its bytes as the source gave them, checked against the descriptor. */
interface ImagePart {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly manifest: ImageManifest;
}

/** An image as it will be signed: everything but the blobs, which are only named. */
export interface ImageContent {
  readonly list: { readonly digest: Digest; readonly bytes: Uint8Array };
  /** Why the list is not the source's own: it came without one, or only some platforms were wanted. */
  readonly madeBecause?: 'single-manifest' | 'chosen-platforms';
  readonly parts: readonly ImagePart[];
  /** Each blob once. */
  readonly blobs: readonly Descriptor[];
}

/**
 * Reads an image's manifests out of a source and checks all that can be known before a blob is copied. `platforms`
 * empty means all.
 * @throws SignpostError MANIFEST_INVALID, DIGEST_MISMATCH, LIMIT_EXCEEDED, NOT_FOUND, and what the source throws
 */
export async function readImage(
  source: ImageSource,
  platforms: readonly Platform[],
  limits: PublishLimits,
  signal: AbortSignal,
): Promise<ImageContent> {
  const root = await source.root();
  const manifest = parseManifest(root.bytes, root.mediaType);
  const image =
    manifest.kind === 'list'
      ? await readList(source, root, manifest, platforms, limits, signal)
      : await readSingle(source, root, manifest, platforms, signal);
  for (const part of image.parts) checkPart(part, limits);
  const blobs = image.parts.flatMap(({ manifest }) => [manifest.config, ...manifest.layers]);
  checkBlobs(blobs, limits);
  return { ...image, blobs: [...new Map(blobs.map((blob) => [blob.digest, blob])).values()] };
}

async function readList(
  source: ImageSource,
  root: SourceManifest,
  list: ManifestList,
  platforms: readonly Platform[],
  limits: PublishLimits,
  signal: AbortSignal,
): Promise<Omit<ImageContent, 'blobs'>> {
  if (list.manifests.length === 0) throw new SignpostError('MANIFEST_INVALID', 'the list names no manifests');
  checkCount('manifests in the list', list.manifests.length, limits.manifests);
  const chosen = platforms.length === 0 ? list.manifests : chooseManifests(list.manifests, platforms);
  const parts: ImagePart[] = [];
  for (const descriptor of chosen) {
    throwIfCancelled(signal);
    parts.push(await readPart(source, descriptor));
  }
  if (chosen.length === list.manifests.length) {
    return { list: { digest: digestOf(root.bytes), bytes: root.bytes }, parts };
  }
  const bytes = filterList(root.bytes, new Set(chosen.map(({ digest }) => digest)));
  return { list: { digest: digestOf(bytes), bytes }, madeBecause: 'chosen-platforms', parts };
}

async function readSingle(
  source: ImageSource,
  root: SourceManifest,
  manifest: ImageManifest,
  platforms: readonly Platform[],
  signal: AbortSignal,
): Promise<Omit<ImageContent, 'blobs'>> {
  const plain = { mediaType: manifest.mediaType, digest: digestOf(root.bytes), size: root.bytes.length };
  const platform = isImageConfig(manifest.config)
    ? readPlatform(manifest.config, await readConfig(source, manifest.config, signal))
    : undefined;
  for (const wanted of platforms) {
    if (platform === undefined || !platformMatches(wanted, platform)) {
      throw new SignpostError(
        'NOT_FOUND',
        `the image has no ${formatPlatform(wanted)}: it is for ${platform === undefined ? 'no platform' : formatPlatform(platform)} alone`,
      );
    }
  }
  const bytes = wrapManifest(manifest, plain, platform);
  const descriptor: Descriptor = { ...plain, ...(platform === undefined ? {} : { platform }) };
  return {
    list: { digest: digestOf(bytes), bytes },
    madeBecause: 'single-manifest',
    parts: [{ descriptor, bytes: root.bytes, manifest }],
  };
}

async function readPart(source: ImageSource, descriptor: Descriptor): Promise<ImagePart> {
  const { mediaType, digest, size } = descriptor;
  if (isListType(mediaType)) {
    throw new SignpostError(
      'MANIFEST_INVALID',
      `the list names another list, ${digest}: clients do not follow lists inside lists; publish that one by itself`,
    );
  }
  if (!isImageType(mediaType)) {
    throw new SignpostError(
      'MANIFEST_INVALID',
      `the list names ${digest} as ${mediaType}: expected an OCI or Docker schema 2 manifest`,
    );
  }
  checkCount(`bytes of manifest ${digest}`, size, manifestLimit);
  const { bytes } = await source.manifest(descriptor);
  const got = digestOf(bytes);
  if (bytes.length !== size || got !== digest) {
    throw new SignpostError(
      'DIGEST_MISMATCH',
      `manifest ${digest}: expected ${size} bytes, got ${bytes.length} bytes with ${got}: the source is damaged or was changed`,
    );
  }
  const manifest = parseManifest(bytes, mediaType);
  if (manifest.kind === 'image') return { descriptor, bytes, manifest };
  throw new SignpostError(
    'MANIFEST_INVALID',
    `manifest ${digest} is a list, but was announced as ${mediaType}`,
  );
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
    `config ${config.digest}: expected ${config.size} bytes, got ${got} bytes with ${digestOf(bytes)}`,
  );
}

function checkPart({ descriptor, manifest }: ImagePart, limits: PublishLimits): void {
  const name = descriptor.platform === undefined ? descriptor.digest : formatPlatform(descriptor.platform);
  checkCount(`layers of ${name}`, manifest.layers.length, limits.layers);
  checkDistributable(name, manifest);
}
