import { createReadStream, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { digestOf } from '../src/oci/digest.ts';
import { mediaTypes } from '../src/oci/media-types.ts';
import { runCommand, runSignpost } from './process.ts';
import { compare } from './report.ts';

const layers = 4;
const layerSize = 256 * 1024 * 1024;

/** Publishing 1 GiB from an OCI layout, against sha256 of the same bytes and `skopeo copy` to a folder. */
export async function benchPublishing(folder: string, options: { rounds: number }): Promise<void> {
  const layout = join(folder, 'layout');
  writeLayout(layout);
  const times = { publish: [] as number[], hash: [] as number[], skopeo: [] as number[] };
  for (let round = 0; round < options.rounds; round += 1) {
    times.hash.push(await time(() => hashFolder(join(layout, 'blobs/sha256'))));
    times.publish.push(await time(() => publish(folder, layout)));
    times.skopeo.push(await time(() => copyWithSkopeo(folder, layout)));
  }
  const speed = (list: readonly number[]) => list.map((seconds) => (layers * layerSize) / seconds / 1e6);
  compare(
    'publish of 1 GiB',
    'plain sha256',
    { ours: speed(times.publish), theirs: speed(times.hash) },
    'MB/s',
  );
  compare(
    'publish of 1 GiB',
    'skopeo copy',
    { ours: speed(times.publish), theirs: speed(times.skopeo) },
    'MB/s',
  );
}

async function time(work: () => void | Promise<void>): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

/** One thread, one file after the other, nothing else: what hashing alone costs. */
async function hashFolder(folder: string): Promise<void> {
  for (const name of readdirSync(folder)) {
    const hash = createHash('sha256');
    await pipeline(createReadStream(join(folder, name), { highWaterMark: 1024 * 1024 }), hash);
    if (hash.digest('hex') !== name) throw new Error(`${name} is damaged`);
  }
}

function publish(folder: string, layout: string): void {
  const data = join(folder, 'published');
  const config = join(folder, 'publish.yaml');
  const key = join(import.meta.dirname, '../test/vectors/openpgp/ed25519.pgp');
  writeFileSync(config, `repositories: [{ match: bench/*, keys: [${key}] }]\n`);
  runSignpost('publish', `oci:${layout}`, 'bench/large:1', '--data', data, '--config', config, '--json');
  rmSync(data, { recursive: true });
}

function copyWithSkopeo(folder: string, layout: string): void {
  const target = join(folder, 'skopeo');
  runCommand('skopeo', ['--insecure-policy', 'copy', '--quiet', '--all', `oci:${layout}:1`, `dir:${target}`]);
  rmSync(target, { recursive: true });
}

// Random bytes in uncompressed layers: nothing is gained or lost by compressing.
function writeLayout(layout: string): void {
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  const put = (bytes: Uint8Array, mediaType: string) => {
    const digest = digestOf(bytes);
    writeFileSync(join(layout, 'blobs/sha256', digest.slice('sha256:'.length)), bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const putJson = (value: unknown, mediaType: string) => put(Buffer.from(JSON.stringify(value)), mediaType);
  const blobs = Array.from({ length: layers }, () =>
    put(randomBytes(layerSize), 'application/vnd.oci.image.layer.v1.tar'),
  );
  const rootfs = { type: 'layers', diff_ids: blobs.map((blob) => blob.digest) };
  const config = putJson({ architecture: 'amd64', os: 'linux', config: {}, rootfs }, mediaTypes.ociConfig);
  const manifest = putJson(
    { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: blobs },
    mediaTypes.ociManifest,
  );
  const annotations = { 'org.opencontainers.image.ref.name': '1' };
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(
    join(layout, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }),
  );
}
