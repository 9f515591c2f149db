import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Containerd2Client, startContainerd2 } from './harness/clients/containerd2-client.ts';
import { describeResult } from './harness/command.ts';
import { needsGoPrograms } from './harness/go-program.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { buildNoisyImage } from './harness/noisy-image.ts';
import { requirements } from './harness/requirements.ts';
import type { Serving } from './harness/signpost.ts';
import { startStaticMirrors, type StaticMirrors, untilAllAreIn } from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const chunk = 1024 * 1024;
const needs = { ...requirements('gpg', 'nginx', 'rsync'), ...needsGoPrograms('containerd', 'ctr') };

/** containerd 2 asks for each chunk of a layer by an open-ended range, several at a time, and hangs up after the chunk. */
describe('containerd that fetches layers in parallel', needs, () => {
  let world: World;
  let mirrors: StaticMirrors;
  let serving: Serving;
  let containerd: Containerd2Client;
  let layers: readonly string[];
  const reference = `${registryName}/demo/noise:1.0`;

  before(async () => {
    world = await createWorld({ namedMirrors: ['germany', 'saxony', 'france'] });
    const image = await buildNoisyImage(world.work, 'parallel', { layers: 2, size: 12 * chunk });
    ({ layers } = image);
    await world.signpost.publish(`oci:${image.layout}`, 'demo/noise:1.0');
    await world.signpost.sign(world.key);
    mirrors = await startStaticMirrors(world, { germany: 'DE', saxony: 'DE', france: 'FR' });
    serving = world.parts.use(await world.signpost.serve());
    await untilAllAreIn(serving, mirrors.keys());
    const setting = await world.createPlace('containerd', 'DE');
    containerd = world.parts.use(await startContainerd2(world.work, setting, { layerFetchBuffer: chunk }));
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  /** The mirrors that a layer's requests were sent to, one after the other, since `start` in the log. */
  const sentTo = (layer: string, start: number) =>
    serving
      .log()
      .slice(start)
      .filter(
        ({ event, digest, outcome }) => event === 'request' && digest === layer && outcome === 'redirected',
      )
      .map(({ mirror }) => mirror);

  it('is the same image when each layer is one request', async () => {
    const setting = await world.createPlace('whole', 'FR');
    await using whole = await startContainerd2(world.work, setting);
    const result = await whole.pull(reference);
    assert.equal(result.status, 0, describeResult(result));
    for (const layer of layers) assert.ok(await whole.holds(layer), layer);
  });

  it('reads all chunks of a layer from one mirror, which goes on being trusted', async () => {
    const start = serving.log().length;
    const result = await containerd.pull(reference);
    assert.equal(result.status, 0, describeResult(result));
    for (const layer of layers) {
      const sent = sentTo(layer, start);
      assert.ok(sent.length >= 8, `only ${sent.length} requests: it did not fetch in parallel`);
      assert.equal(new Set(sent).size, 1, sent.join(' '));
      assert.notEqual(sent[0], 'france');
    }
    const aborted = [...mirrors.values()].flatMap((mirror) => mirror.accesses());
    assert.ok(aborted.some(({ status, agent }) => status === 206 && agent.startsWith('containerd/2')));
    assert.ok(!serving.log().some(({ event }) => event === 'mirror is out'));
  });

  it('gets the image at another mirror when that one has died', async () => {
    await containerd.forget();
    const dead = sentTo(layers[0] ?? '', 0)[0] ?? '';
    await mirrors.get(dead)?.stop();
    let result = await containerd.pull(reference);
    for (let tries = 1; result.status !== 0 && tries < 4; tries += 1)
      result = await containerd.pull(reference);
    assert.equal(result.status, 0, describeResult(result));
  });
});
