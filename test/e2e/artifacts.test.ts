import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { after, before, describe, it } from 'node:test';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { buildTarOfFiles } from '../fakes/tar-builder.ts';
import { placeEnvironment } from './harness/clients/pull-client.ts';
import { mustRun } from './harness/command.ts';
import { findGoProgram, needsGoPrograms } from './harness/go-program.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const model = Buffer.from('weights '.repeat(10_000));
const chart = gzipSync(
  buildTarOfFiles({ 'mychart/Chart.yaml': 'apiVersion: v2\nname: mychart\nversion: 0.1.0\n' }),
);

/** Charts, models and the like have one manifest and no platform, and their tools know no lists. */
describe('an artifact is had by its tag', requirements('gpg'), () => {
  let world: World;
  const environments = new Map<string, Record<string, string>>();

  before(async () => {
    world = await createWorld();
    const empty = Buffer.from('{}');
    const metadata = Buffer.from('{"name":"mychart","version":"0.1.0","apiVersion":"v2"}');
    const artifacts = {
      'demo/model:1.0': layoutOf(
        'application/vnd.oci.empty.v1+json',
        empty,
        'application/vnd.example.model',
        model,
        { artifactType: 'application/vnd.example.model' },
      ),
      'demo/mychart:0.1.0': layoutOf(
        'application/vnd.cncf.helm.config.v1+json',
        metadata,
        'application/vnd.cncf.helm.chart.content.v1.tar+gzip',
        chart,
      ),
    };
    for (const [image, files] of Object.entries(artifacts)) {
      const folder = world.work.folder(image.replaceAll(/[/:]/g, '-'));
      for (const [path, bytes] of files) {
        mkdirSync(dirname(join(folder, path)), { recursive: true });
        writeFileSync(join(folder, path), bytes);
      }
      await world.signpost.publish(`oci:${folder}`, image);
    }
    await world.signpost.sign(world.key);
    world.parts.use(await world.signpost.serve());
    for (const name of ['oras', 'helm']) {
      const setting = await world.createPlace(name, 'DE');
      environments.set(name, { ...placeEnvironment(setting), HOME: world.work.folder(`${name}-home`) });
    }
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  it('oras pulls a model', needsGoPrograms('oras'), async () => {
    const folder = world.work.folder('oras');
    const args = ['pull', '--no-tty', '-o', folder, `${registryName}/demo/model:1.0`];
    await mustRun(findGoProgram('oras') ?? '', args, { env: environments.get('oras') ?? {} });
    assert.deepEqual(readFileSync(join(folder, 'model.bin')), model);
  });

  it('helm pulls a chart', needsGoPrograms('helm'), async () => {
    const folder = world.work.folder('helm');
    const trust = ['--ca-file', world.certificates.authority];
    const args = ['pull', `oci://${registryName}/demo/mychart`, '--version', '0.1.0', '-d', folder, ...trust];
    await mustRun(findGoProgram('helm') ?? '', args, { env: environments.get('helm') ?? {} });
    assert.deepEqual(readFileSync(join(folder, 'mychart-0.1.0.tgz')), chart);
  });
});

function layoutOf(
  configType: string,
  config: Buffer,
  layerType: string,
  layer: Buffer,
  more: object = {},
): ReadonlyMap<string, Buffer> {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value));
  const describe = (mediaType: string, bytes: Buffer) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const manifest = encode({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...more,
    config: describe(configType, config),
    layers: [
      { ...describe(layerType, layer), annotations: { 'org.opencontainers.image.title': 'model.bin' } },
    ],
  });
  const index = { schemaVersion: 2, manifests: [describe(mediaTypes.ociManifest, manifest)] };
  const path = (digest: Digest) => digest.replace(':', '/');
  return new Map([
    ['oci-layout', encode({ imageLayoutVersion: '1.0.0' })],
    ['index.json', encode(index)],
    ...[manifest, config, layer].map((bytes): [string, Buffer] => [`blobs/${path(digestOf(bytes))}`, bytes]),
  ]);
}
