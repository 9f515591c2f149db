import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildImage, buildList, writeLayout } from '../fakes/image-builder.ts';
import { describeResult, runCommand } from './harness/command.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import {
  accessesSince,
  markAccesses,
  startStaticMirrors,
  type StaticMirrors,
  untilAllAreIn,
} from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const needs = requirements('aria2c', 'gpg', 'nginx', 'rsync');
const layerSize = 12 * 1024 * 1024;

describe('a blob is downloaded from several mirrors at once by aria2c', needs, () => {
  let world: World;
  let mirrors: StaticMirrors;
  let hex: string;
  let url: string;

  before(async () => {
    world = await createWorld();
    const list = buildList([buildImage({ layers: [{ noise: randomBytes(layerSize) }] })]);
    const layout = world.work.folder('layout');
    await writeLayout(layout, list);
    await world.signpost.publish(`oci:${layout}`, 'demo/tool:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { germany: 'DE', saxony: 'DE', france: 'FR' });
    const serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
    const layer = [...list.blobs].find(([, bytes]) => bytes.length >= layerSize)?.[0];
    assert.ok(layer !== undefined);
    hex = layer.slice('sha256:'.length);
    url = `https://${registryName}/v2/demo/tool/blobs/${layer}`;
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  const aria2c = async (name: string, ...args: string[]) => {
    const { proxy, authority } = await world.createPlace(name, 'DE');
    const folder = world.work.folder(name);
    const result = await runCommand('aria2c', [
      '--no-conf',
      '--console-log-level=notice',
      `--dir=${folder}`,
      `--ca-certificate=${authority}`,
      // Loopback addresses stand for the mirrors' own, and are reached directly.
      `--all-proxy=${proxy}`,
      '--no-proxy=127.0.0.0/8',
      '--split=3',
      '--min-split-size=1M',
      '--max-tries=1',
      ...args,
    ]);
    return { result, file: join(folder, `sha256-${hex}`) };
  };
  const expectWhole = (file: string) =>
    assert.equal(createHash('sha256').update(readFileSync(file)).digest('hex'), hex);

  const asked = { 'by the suffix .meta4': () => `${url}.meta4`, 'by Accept': () => url } as const;
  for (const [how, target] of Object.entries(asked)) {
    it(`its Metalink is asked for ${how}`, async () => {
      const marks = markAccesses(mirrors);
      const accept = how === 'by Accept' ? ['--header=Accept: application/metalink4+xml'] : [];
      const { result, file } = await aria2c(how.replaceAll(/[^a-zA-Z0-9]/g, '-'), ...accept, target());
      assert.equal(result.status, 0, describeResult(result));
      assert.match(result.stdout, /Verification finished successfully/, describeResult(result));
      expectWhole(file);
      const parts = [...accessesSince(mirrors, marks)].filter(([, accesses]) =>
        accesses.some(({ status, path }) => path.endsWith(hex) && (status === 206 || status === 200)),
      );
      assert.ok(parts.length >= 2, `only ${parts.map(([name]) => name).join(', ')} were asked`);
    });
  }

  it('wrong bytes do not pass', async () => {
    const metalink = world.work.file('saved.meta4');
    const { proxy, authority } = await world.createPlace('saver', 'DE');
    const saved = await runCommand('aria2c', [
      '--no-conf',
      '--follow-metalink=false',
      `--all-proxy=${proxy}`,
      `--ca-certificate=${authority}`,
      '--allow-overwrite=true',
      '--dir=/',
      `--out=${metalink.slice(1)}`,
      `${url}.meta4`,
    ]);
    assert.equal(saved.status, 0, describeResult(saved));
    for (const { root } of mirrors.values()) {
      const copy = join(root, `v2/demo/tool/blobs/sha256:${hex}`);
      const bytes = readFileSync(copy);
      bytes.writeUInt8(bytes.readUInt8(1_000_000) ^ 1, 1_000_000);
      writeFileSync(copy, bytes);
    }
    const { result } = await aria2c('wrong', `--metalink-file=${metalink}`);
    assert.notEqual(result.status, 0, describeResult(result));
    assert.match(result.stdout, /checksum/i, describeResult(result));
  });
});
