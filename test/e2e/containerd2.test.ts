import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { buildImage, buildList, type BuiltImage, writeLayout } from '../fakes/image-builder.ts';
import { startContainerd2 } from './harness/clients/containerd2-client.ts';
import { describeResult } from './harness/command.ts';
import { needsGoPrograms } from './harness/go-program.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { requirements } from './harness/requirements.ts';
import type { Serving } from './harness/signpost.ts';
import {
  accessesSince,
  markAccesses,
  startStaticMirrors,
  type StaticMirrors,
  untilAllAreIn,
} from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const megabyte = 1024 * 1024;
const buffer = 2 * megabyte;
const reference = `${registryName}/demo/tool:1.0`;
const needs = { ...needsGoPrograms('containerd', 'ctr'), ...requirements('gpg', 'nginx', 'rsync', 'podman') };

describe('containerd 2, whose transfer service pulls', needs, () => {
  let world: World;
  let image: BuiltImage;
  let mirrors: StaticMirrors;
  let serving: Serving;

  before(async () => {
    world = await createWorld();
    image = buildImage({
      layers: [{ first: randomBytes(16 * megabyte) }, { second: randomBytes(9 * megabyte) }],
    });
    const layout = world.work.folder('layout');
    await writeLayout(layout, buildList([image]));
    await world.signpost.publish(`oci:${layout}`, 'demo/tool:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { berlin: 'DE', hamburg: 'DE', munich: 'DE' });
    serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  it('pulls by tag from mirrors near it', async () => {
    await pull('whole', 0);
  });

  it('fetches one layer in several requests at once, all of them at one mirror', async () => {
    const marks = markAccesses(mirrors);
    await pull('parallel', buffer);
    const servedBy = new Map<string, Set<string>>();
    let ranges = 0;
    for (const [name, accesses] of accessesSince(mirrors, marks))
      for (const { path, status } of accesses) {
        if (status === 206) ranges += 1;
        servedBy.set(path, (servedBy.get(path) ?? new Set()).add(name));
      }
    assert.ok(ranges > 4, `only ${ranges} ranges were asked for`);
    for (const [path, names] of servedBy)
      assert.equal(names.size, 1, `${path} came from ${[...names].join(' and ')}`);
    // It hangs up after each of its ranges, which is no failure of the mirror.
    const fell = serving.log().filter(({ event }) => event === 'mirror is out');
    assert.deepEqual(fell, []);
  });

  async function pull(name: string, layerFetchBuffer: number) {
    const setting = await world.createPlace(name, 'DE');
    await using client = await startContainerd2(world.work, setting, { layerFetchBuffer });
    const result = await client.pull(reference);
    assert.equal(result.status, 0, describeResult(result));
    for (const digest of [image.digest, ...image.blobs.keys()])
      assert.ok(await client.holds(digest), `${digest} is not there`);
    await client.forget();
  }
});
