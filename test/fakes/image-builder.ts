import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Descriptor } from '../../src/oci/descriptor.ts';
import { type Digest, digestHex, digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { type Platform, parsePlatform } from '../../src/oci/platform.ts';
import { buildTarOfFiles } from './tar-builder.ts';

/** File names and contents of one layer. */
export type LayerFiles = Readonly<Record<string, Uint8Array | string>>;

/** A manifest with everything below it, in memory. The same arguments always give the same bytes. */
export interface BuiltManifest {
  readonly manifest: Buffer;
  readonly digest: Digest;
  readonly mediaType: string;
  /** How a list or an index names it. */
  readonly descriptor: Descriptor;
  /** Config and layers, of every platform for a list. */
  readonly blobs: ReadonlyMap<Digest, Buffer>;
  /** Each manifest and list from here down, itself included. */
  readonly manifests: ReadonlyMap<Digest, BuiltManifest>;
}

export interface BuiltImage extends BuiltManifest {
  readonly platform: Platform;
  readonly config: Buffer;
  /** The layers before compression, as `docker save` writes them. */
  readonly tars: readonly Buffer[];
}

export interface BuiltList extends BuiltManifest {
  readonly images: readonly BuiltManifest[];
}

/**
 * A real little image: config, gzipped tar layers, manifest (OCI, or Docker schema 2 with `docker`).
 * `platform` is "linux/amd64" or a Platform.
 */
export function buildImage(
  options: {
    readonly platform?: string | Platform;
    readonly layers?: readonly LayerFiles[];
    readonly docker?: boolean;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly command?: readonly string[];
  } = {},
): BuiltImage {
  const asked = options.platform ?? 'linux/amd64';
  const platform = typeof asked === 'string' ? parsePlatform(asked) : asked;
  const types = options.docker === true ? dockerTypes : ociTypes;
  const tars = (options.layers ?? [defaultFiles(platform)]).map(buildTarOfFiles);
  const layers = tars.map((tar) => gzipSync(tar, { level: 6 }));
  const config = encode({
    created: '1970-01-01T00:00:00Z',
    os: platform.os,
    architecture: platform.architecture,
    ...(platform.variant === undefined ? {} : { variant: platform.variant }),
    config: { Cmd: options.command ?? ['/hello'] },
    rootfs: { type: 'layers', diff_ids: tars.map((tar) => digestOf(tar)) },
    history: tars.map(() => ({ created: '1970-01-01T00:00:00Z', created_by: 'test' })),
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: types.manifest,
    config: describe(types.config, config),
    layers: layers.map((layer) => describe(types.layer, layer)),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  });
  const blobs = new Map([config, ...layers].map((bytes) => [digestOf(bytes), bytes]));
  const descriptor = { ...describe(types.manifest, manifest), platform };
  const common = { manifest, digest: descriptor.digest, mediaType: types.manifest, descriptor, blobs };
  const image: BuiltImage = { ...common, platform, config, tars, manifests: new Map() };
  return { ...image, manifests: new Map([[image.digest, image]]) };
}

/** An OCI image of parts that need not fit each other: layers with their bytes, and a config of any kind. */
export function buildVariant(options: {
  readonly layers: readonly { readonly bytes: Buffer; readonly mediaType: string }[];
  readonly platform?: string;
  /** What rootfs.diff_ids of the config has. */
  readonly diffIds?: unknown;
  /** Instead of a config for `platform` with `diffIds`. */
  readonly config?: string;
  readonly configType?: string;
  /** Other members of the manifest. */
  readonly manifest?: Readonly<Record<string, unknown>>;
}): BuiltManifest {
  const { os, architecture, variant } = parsePlatform(options.platform ?? 'linux/amd64');
  const platform = { os, architecture, ...(variant === undefined ? {} : { variant }) };
  const rootfs = { type: 'layers', diff_ids: options.diffIds };
  const config = Buffer.from(options.config ?? JSON.stringify({ ...platform, rootfs }));
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: describe(options.configType ?? mediaTypes.ociConfig, config),
    layers: options.layers.map(({ bytes, mediaType }) => describe(mediaType, bytes)),
    ...options.manifest,
  });
  const blobs = new Map([config, ...options.layers.map(({ bytes }) => bytes)].map((b) => [digestOf(b), b]));
  const descriptor = { ...describe(mediaTypes.ociManifest, manifest), platform };
  const { digest, mediaType } = descriptor;
  const built: BuiltManifest = { manifest, digest, mediaType, descriptor, blobs, manifests: new Map() };
  return { ...built, manifests: new Map([[digest, built]]) };
}

/** A list of images: an OCI index, or a Docker manifest list with `docker`. */
export function buildList(
  images: readonly BuiltManifest[],
  options: { readonly docker?: boolean; readonly annotations?: Readonly<Record<string, string>> } = {},
): BuiltList {
  const mediaType = options.docker === true ? mediaTypes.dockerList : mediaTypes.ociIndex;
  const manifest = encode({
    schemaVersion: 2,
    mediaType,
    manifests: images.map((image) => image.descriptor),
    ...(options.annotations === undefined ? {} : { annotations: options.annotations }),
  });
  const descriptor = describe(mediaType, manifest);
  const blobs = new Map(images.flatMap((image) => [...image.blobs]));
  const list: BuiltList = {
    manifest,
    digest: descriptor.digest,
    mediaType,
    descriptor,
    blobs,
    images,
    manifests: new Map(),
  };
  return {
    ...list,
    manifests: new Map([[list.digest, list], ...images.flatMap((image) => [...image.manifests])]),
  };
}

/** A list of images for the four platforms that Signpost's own demo uses, one layer shared by all of them. */
export function buildFourPlatforms(options: { readonly docker?: boolean } = {}): BuiltList {
  const shared = { 'etc/motd': 'the same for everybody\n' };
  const images = ['linux/amd64', 'linux/arm64/v8', 'linux/ppc64le', 'linux/s390x'].map((platform) =>
    buildImage({ platform, layers: [shared, defaultFiles(parsePlatform(platform))], ...options }),
  );
  return buildList(images, options);
}

/** The files of an OCI image layout (image-spec 1.1, image-layout.md) that holds `contents`, each under its ref. */
export function layoutFiles(contents: Readonly<Record<string, BuiltManifest>>): Map<string, Buffer> {
  const files = new Map<string, Buffer>([['oci-layout', encode({ imageLayoutVersion: '1.0.0' })]]);
  const manifests = Object.entries(contents).map(([ref, built]) => ({
    ...built.descriptor,
    ...(ref === '' ? {} : { annotations: { 'org.opencontainers.image.ref.name': ref } }),
  }));
  files.set('index.json', encode({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
  for (const built of Object.values(contents)) {
    for (const [digest, { manifest }] of built.manifests) files.set(blobPath(digest), manifest);
    for (const [digest, bytes] of built.blobs) files.set(blobPath(digest), bytes);
  }
  return files;
}

/** Writes an OCI image layout into `folder`. `contents` maps ref names ("" for none) to what they name. */
export async function writeLayout(
  folder: string,
  contents: BuiltManifest | Readonly<Record<string, BuiltManifest>>,
): Promise<void> {
  const named = isBuilt(contents) ? { latest: contents } : contents;
  for (const [path, bytes] of layoutFiles(named)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
}

const ociTypes = {
  manifest: mediaTypes.ociManifest,
  config: mediaTypes.ociConfig,
  layer: mediaTypes.ociLayerGzip,
};
const dockerTypes = {
  manifest: mediaTypes.dockerManifest,
  config: mediaTypes.dockerConfig,
  layer: mediaTypes.dockerLayerGzip,
};

function isBuilt(
  contents: BuiltManifest | Readonly<Record<string, BuiltManifest>>,
): contents is BuiltManifest {
  return contents.blobs instanceof Map;
}

function defaultFiles(platform: Platform): LayerFiles {
  return { hello: `#!/bin/sh\necho hello from ${platform.os}/${platform.architecture}\n` };
}

function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

function describe(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function encode(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
