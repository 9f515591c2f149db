import type { Descriptor } from '../../../oci/descriptor.ts';
import { digestMatches, digestOf } from '../../../oci/digest.ts';
import { SignpostError } from '../../../oci/errors.ts';
import { manifestLimit } from '../../../oci/manifest.ts';
import { mediaTypes } from '../../../oci/media-types.ts';
import type { ImageSource } from '../../../ports/image-source.ts';
import { readWhole } from '../source-files.ts';
import type { DockerArchiveOptions } from './docker-archive-source.ts';
import { readDockerManifest } from './docker-manifest.ts';
import { packLayers, type PackedLayer } from './pack-layer.ts';
import { parseRootfs } from './rootfs.ts';

/** What an old archive has been turned into: the same for the same archive, every time. */
interface Converted {
  readonly manifest: Buffer;
  readonly blobs: ReadonlyMap<string, PackedLayer>;
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
    root: async () => ({ bytes: (await convertOnce()).manifest, mediaType: mediaTypes.dockerManifest }),
    manifest: async ({ digest }) => {
      const { manifest } = await convertOnce();
      if (digestMatches(digest, manifest)) return { bytes: manifest, mediaType: mediaTypes.dockerManifest };
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
  const { files, ref } = options;
  const image = await readDockerManifest(files, ref, signal);
  const config = await readWhole(files, image.config, manifestLimit, signal);
  const diffIds = parseRootfs(config, `${files.path}: ${image.config}`);
  checkConfigName(image.config, config, files.path);
  if (diffIds.length !== image.layers.length) {
    throw new SignpostError(
      'SOURCE_INVALID',
      `${files.path}: manifest.json names ${image.layers.length} layers, but the config ${diffIds.length}`,
    );
  }
  const wanted = image.layers.map((entry, index) => ({ entry, diffId: diffIds[index] ?? digestOf('') }));
  const layers = await packLayers(wanted, options, signal);
  const configBlob: PackedLayer = {
    descriptor: { mediaType: mediaTypes.dockerConfig, digest: digestOf(config), size: config.length },
    open: (offset, signal) => files.open(image.config, offset, signal),
  };
  return {
    manifest: encodeManifest(
      configBlob.descriptor,
      layers.map((layer) => layer.descriptor),
    ),
    blobs: new Map([configBlob, ...layers].map((blob) => [blob.descriptor.digest, blob])),
  };
}

// Written here for the first time, indented as docker itself writes them; from now on these bytes are the manifest.
function encodeManifest(config: Descriptor, layers: readonly Descriptor[]): Buffer {
  const made = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config, layers };
  return Buffer.from(JSON.stringify(made, undefined, 3));
}

// The config's digest is the image's id, and its entry is named for it.
function checkConfigName(name: string, config: Buffer, path: string): void {
  const hex = /[0-9a-f]{64}/.exec(name)?.[0];
  if (hex === undefined || digestOf(config) === `sha256:${hex}`) return;
  throw new SignpostError('SOURCE_INVALID', `${path}: ${name} does not have the digest in its name`);
}
