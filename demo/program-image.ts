import type { Descriptor } from '../src/oci/descriptor.ts';
import { type Digest, digestOf } from '../src/oci/digest.ts';
import { mediaTypes } from '../src/oci/media-types.ts';
import { formatPlatform, type Platform } from '../src/oci/platform.ts';
import { type LayerFile, packLayer } from './layer.ts';
import { waitForAll } from '../src/parallel/wait-for-all.ts';

/** A static program for one platform. */
interface Program {
  readonly platform: Platform;
  readonly bytes: Uint8Array;
}

/** What the image is made of. */
export interface ProgramImageParts {
  /** The program's name: it becomes `/usr/bin/<name>` and the entrypoint. */
  readonly name: string;
  readonly version: string;
  /** SPDX expression. */
  readonly license: string;
  readonly source: string;
  readonly programs: readonly Program[];
  /** Licence, readme: the same for all platforms, in a layer of their own. */
  readonly documents: readonly LayerFile[];
}

/** An image in memory: everything by digest, and the list on top. */
export interface ProgramImage {
  readonly list: Descriptor;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

// Fixed, so that the same parts give the same digests.
const created = '2026-01-01T00:00:00Z';

/**
 * Builds an image for several platforms out of nothing but static programs: two layers, the program and the
 * documents (image-spec 1.1). The same parts give the same bytes on one version of Node.
 */
export async function buildProgramImage(parts: ProgramImageParts): Promise<ProgramImage> {
  const blobs = new Map<Digest, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const addJson = (mediaType: string, value: unknown) => add(mediaType, Buffer.from(JSON.stringify(value)));
  const annotations = {
    'org.opencontainers.image.title': parts.name,
    'org.opencontainers.image.version': parts.version,
    'org.opencontainers.image.licenses': parts.license,
    'org.opencontainers.image.source': parts.source,
  };
  const documents = await packLayer(parts.documents);

  const manifests = await waitForAll(
    parts.programs.map(async ({ platform, bytes }) => {
      const program = await packLayer([{ path: `usr/bin/${parts.name}`, mode: 0o755, bytes }]);
      const config = addJson(mediaTypes.ociConfig, {
        created,
        ...platform,
        config: { Entrypoint: [`/usr/bin/${parts.name}`], WorkingDir: '/', Labels: annotations },
        rootfs: { type: 'layers', diff_ids: [program.diffId, documents.diffId] },
        history: [
          { created, created_by: `program for ${formatPlatform(platform)}` },
          { created, created_by: 'licence and readme' },
        ],
      });
      const layers = [program, documents].map((layer) => add(mediaTypes.ociLayerGzip, layer.bytes));
      const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
      return { ...addJson(mediaTypes.ociManifest, manifest), platform };
    }),
  );
  const list = addJson(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests,
    annotations,
  });
  return { list, blobs };
}
