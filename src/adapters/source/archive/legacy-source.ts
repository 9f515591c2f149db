import { type Digest, digestMatches, digestOf } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { parseDiffIds } from '../../../oci/image-config.ts';
import { manifestLimit } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import { readWhole } from '../source-files.ts';
import type { DockerArchiveOptions } from './archive-options.ts';
import { readDockerManifest } from './docker-manifest.ts';
import { packLayers, type PackedLayer } from './pack-layer.ts';

/** What an old archive has been turned into: the same for the same archive, every time. */
interface Converted {
  readonly manifest: Buffer;
  readonly mediaType: string;
  readonly blobs: ReadonlyMap<string, Pick<PackedLayer, 'digest' | 'size' | 'open'>>;
}

/**
 * An image in an archive of `docker save` before version 25, or of podman and skopeo: config and layers without a
 * manifest. Its layers are checked against the config, packed, and a Docker schema 2 manifest is made for them, when
 * the root is first asked for.
 */
export function createLegacySource(options: DockerArchiveOptions): ImageSource {
  const { name, files } = options;
  const closing = new AbortController();
  const ended = AbortSignal.any([options.signal, closing.signal]);
  let converted: Promise<Converted> | undefined;
  const convertOnce = () => (converted ??= convert(options, ended));
  return {
    name,
    root: async () => {
      const { manifest, mediaType } = await convertOnce();
      return { bytes: manifest, mediaType };
    },
    manifest: async ({ digest }) => {
      const { manifest, mediaType } = await convertOnce();
      if (digestMatches(digest, manifest)) return { bytes: manifest, mediaType };
      throw new SignpostError('NOT_FOUND', `${files.path} holds no manifest ${digest}`);
    },
    blob: async ({ digest }, offset, signal) => {
      const blob = (await convertOnce()).blobs.get(digest);
      if (blob === undefined) throw new SignpostError('NOT_FOUND', `${files.path} holds no blob ${digest}`);
      return blob.open(offset, AbortSignal.any([signal, ended]));
    },
    close: async () => {
      closing.abort();
      await converted?.catch(() => undefined);
      await files.close();
    },
  };
}

async function convert(options: DockerArchiveOptions, signal: AbortSignal): Promise<Converted> {
  const { files, selector } = options;
  const image = await readDockerManifest(files, selector, signal);
  const config = await readWhole(files, image.config, manifestLimit, signal);
  const diffIds = readDiffIds(config, `${files.path}: ${image.config}`);
  checkConfigName(image.config, config, files.path);
  if (diffIds.length !== image.layers.length) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path}: manifest.json names ${image.layers.length} layers, but the config ${image.config} has rootfs.diff_ids for ${diffIds.length}`,
    );
  }
  const wanted = image.layers.map((entry, index) => ({ entry, diffId: diffIds[index] ?? digestOf('') }));
  const layers = await packLayers(wanted, options, signal);
  const configBlob = {
    digest: digestOf(config),
    size: config.length,
    open: (offset: number, signal: AbortSignal) => files.open(image.config, offset, signal),
  };
  return {
    ...encodeManifest(configBlob, layers),
    blobs: new Map([configBlob, ...layers].map((blob) => [blob.digest, blob])),
  };
}

function readDiffIds(config: Uint8Array, where: string): readonly Digest[] {
  try {
    return parseDiffIds(config);
  } catch (cause) {
    throw new SignpostError('SOURCE_INVALID', `${where}: ${(cause as Error).message}`, { cause });
  }
}

// Written here for the first time, indented as docker itself writes them; from now on these bytes are the manifest.
// Docker schema 2 has no media type for zstd, so that such an image becomes an OCI one.
function encodeManifest(
  config: Pick<PackedLayer, 'digest' | 'size'>,
  layers: readonly PackedLayer[],
): Pick<Converted, 'manifest' | 'mediaType'> {
  const types = layers.some(({ compression }) => compression === 'zstd') ? ociTypes : dockerTypes;
  const made = {
    schemaVersion: 2,
    mediaType: types.manifest,
    config: { mediaType: types.config, digest: config.digest, size: config.size },
    layers: layers.map(({ compression, size, digest }) => ({ mediaType: types[compression], size, digest })),
  };
  return { manifest: Buffer.from(JSON.stringify(made, undefined, 3)), mediaType: types.manifest };
}

const ociTypes = {
  manifest: mediaTypes.ociManifest,
  config: mediaTypes.ociConfig,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
};
const dockerTypes = {
  ...ociTypes,
  manifest: mediaTypes.dockerManifest,
  config: mediaTypes.dockerConfig,
  gzip: mediaTypes.dockerLayerGzip,
};

// The config's digest is the image's id, and most tools name its entry for it.
function checkConfigName(name: string, config: Buffer, path: string): void {
  const hex = /^(?:blobs\/sha256\/|sha256:)?([0-9a-f]{64})(?:\.json)?$/.exec(name)?.[1];
  if (hex === undefined || digestOf(config) === `sha256:${hex}`) return;
  throw new SignpostError('SOURCE_INVALID', `${path}: ${name} does not have the digest in its name`);
}
