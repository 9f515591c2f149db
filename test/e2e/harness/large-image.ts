import { createHash } from 'node:crypto';
import { spawn } from 'node:child_process';
import { createWriteStream, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Descriptor } from '../../../src/oci/descriptor.ts';
import { type Digest, digestOf } from '../../../src/oci/digest.ts';
import { mediaTypes } from '../../../src/oci/media-types.ts';
import { baseEnvironment, mustRun } from './command.ts';
import { addBlob, blobFile, writeLayoutIndex } from './image-layout.ts';
import type { WorkFolder } from './work-folder.ts';

export interface LargeImage {
  readonly layout: string;
  readonly list: Digest;
  readonly config: Digest;
  /** As clients fetch them, compressed or not. */
  readonly layers: readonly Descriptor[];
}

const plainLayer = 'application/vnd.oci.image.layer.v1.tar';

/** Bytes of layers that make an image large. */
export const largeSize = 500 * 1000 * 1000;
const rawLayerSize = 200 * 1000 * 1000;

/** Builds an image for amd64 out of this machine's own programs, libraries and documents, until it is large. */
export async function buildLargeImage(work: WorkFolder): Promise<LargeImage> {
  const layout = work.folder('large-layout');
  writeLayoutIndex(layout, { mediaType: mediaTypes.ociIndex, digest: digestOf(''), size: 0 });
  const layers: Descriptor[] = [];
  const diffIds: Digest[] = [];
  const sources = await listFiles();
  const packed = () => layers.reduce((sum, { size }) => sum + size, 0);
  // Two at a time: one core each.
  while (packed() < largeSize) {
    const batch = [takeFiles(sources), takeFiles(sources)].filter((files) => files.length > 0);
    if (batch.length === 0)
      throw new Error(`this machine has only ${packed()} bytes of files for a large image`);
    const batchLayers = await Promise.all(
      batch.map((files, index) => packLayer(work, layout, files, layers.length + index)),
    );
    for (const { layer, diffId } of batchLayers) {
      layers.push(layer);
      diffIds.push(diffId);
    }
  }
  const add = (mediaType: string, value: unknown): Descriptor => {
    const bytes = Buffer.from(JSON.stringify(value));
    const digest = digestOf(bytes);
    addBlob(layout, digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const platform = { os: 'linux', architecture: 'amd64' };
  const config = add(mediaTypes.ociConfig, {
    ...platform,
    config: {},
    rootfs: { type: 'layers', diff_ids: diffIds },
  });
  const manifest = add(mediaTypes.ociManifest, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers,
  });
  const list = add(mediaTypes.ociIndex, {
    schemaVersion: 2,
    mediaType: mediaTypes.ociIndex,
    manifests: [{ ...manifest, platform }],
  });
  writeLayoutIndex(layout, list);
  return { layout, list: list.digest, config: config.digest, layers };
}

interface SourceFile {
  readonly path: string;
  readonly size: number;
}

/** By find, which follows no links: some of Debian's lead back to their own folder. */
async function listFiles(): Promise<SourceFile[]> {
  const checkout = join(import.meta.dirname, '../../..');
  const folders = ['/usr/lib', '/usr/bin', '/usr/sbin', '/usr/share', join(checkout, 'node_modules')];
  const lines = await mustRun('find', [
    ...folders,
    '-xdev',
    '-type',
    'f',
    '-size',
    '+0',
    '-printf',
    '%s %p\n',
  ]);
  return lines.split('\n').flatMap((line) => {
    const [, size, path] = /^(\d+) (\/.+)$/.exec(line) ?? [];
    return path === undefined ? [] : [{ path, size: Number(size) }];
  });
}

/** The next files that make one layer. */
function takeFiles(sources: SourceFile[]): readonly string[] {
  let size = 0;
  let count = 0;
  while (count < sources.length && size < rawLayerSize) {
    size += sources[count]?.size ?? 0;
    count += 1;
  }
  return sources.splice(0, count).map(({ path }) => path.slice(1));
}

async function packLayer(work: WorkFolder, layout: string, files: readonly string[], index: number) {
  const names = work.file(`large-${index}.txt`);
  writeFileSync(names, files.join('\n'));
  const tar = spawn('tar', ['-c', '-C', '/', '--ignore-failed-read', '--hard-dereference', '-T', names], {
    env: { ...baseEnvironment },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const raw = createHash('sha256');
  const packed = createHash('sha256');
  let size = 0;
  const target = work.file(`large-${index}.tar.gz`);
  // Every other layer is not compressed: a small system has too few files for so many compressed bytes.
  const compressed = index % 2 === 0;
  await pipeline(
    tar.stdout,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        raw.update(chunk);
        yield chunk;
      }
    },
    compressed ? createGzip({ level: 1, chunkSize: 256 * 1024 }) : new PassThrough(),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        packed.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(target),
  );
  const digest = `sha256:${packed.digest('hex')}` as Digest;
  renameSync(target, blobFile(layout, digest));
  const layer: Descriptor = { mediaType: compressed ? mediaTypes.ociLayerGzip : plainLayer, digest, size };
  return { layer, diffId: `sha256:${raw.digest('hex')}` as Digest };
}
