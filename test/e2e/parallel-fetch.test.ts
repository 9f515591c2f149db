import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { placeEnvironment } from './harness/clients/pull-client.ts';
import { type CommandResult, describeResult, runCommand } from './harness/command.ts';
import { startDaemon } from './harness/daemon.ts';
import { findGoProgram, needsGoPrograms, readVersion } from './harness/go-program.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { buildNoisyImage } from './harness/noisy-image.ts';
import { requirements } from './harness/requirements.ts';
import type { Serving } from './harness/signpost.ts';
import { startStaticMirrors, type StaticMirrors, untilAllAreIn } from './harness/static-mirrors.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const chunk = 1024 * 1024;
const containerd = findGoProgram('containerd') ?? '';
// Debian's may be an older one, which has no parallel fetch.
const isOld = containerd !== '' && !(await readVersion(containerd, '--version')).startsWith('2.');
const needs = {
  ...requirements('gpg', 'nginx', 'rsync'),
  ...needsGoPrograms('containerd', 'ctr'),
  ...(isOld && process.env.CI !== 'true' ? { skip: `${containerd} is older than containerd 2` } : {}),
};

/** containerd 2 asks for each chunk of a layer by an open-ended range, several at a time, and hangs up after the chunk. */
describe('containerd that fetches layers in parallel', needs, () => {
  let world: World;
  let mirrors: StaticMirrors;
  let serving: Serving;
  let ctr: (...args: string[]) => Promise<CommandResult>;
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
    const folder = world.work.folder('containerd');
    const socket = join(folder, 'c.sock');
    const configuration = join(folder, 'config.toml');
    writeFileSync(
      configuration,
      `version = 3
root = "${folder}/root"
state = "${folder}/state"
disabled_plugins = ["io.containerd.cri.v1.images", "io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri"]
[grpc]
  address = "${socket}"
[plugins.'io.containerd.internal.v1.opt']
  path = "${folder}/opt"
[plugins.'io.containerd.transfer.v1.local']
  max_concurrent_downloads = 4
  concurrent_layer_fetch_buffer = ${chunk}
  [[plugins.'io.containerd.transfer.v1.local'.unpack_config]]
    platform = "linux/amd64"
    snapshotter = "native"
`,
    );
    world.parts.use(
      await startDaemon(containerd, ['--config', configuration], {
        env: placeEnvironment(setting),
        logFile: world.work.file('containerd.log'),
        ready: () => existsSync(socket),
      }),
    );
    ctr = (...args) =>
      runCommand(findGoProgram('ctr') ?? '', ['--address', socket, '--namespace', 'test', ...args], {
        env: placeEnvironment(setting),
      });
  });
  after(async () => {
    await world[Symbol.asyncDispose]();
  });
  keepLogsOfFailures(() => world);

  const pull = () => ctr('images', 'pull', '--snapshotter', 'native', reference);
  const forget = async () => {
    await ctr('images', 'rm', '--sync', reference);
    const { stdout } = await ctr('content', 'ls', '-q');
    for (const digest of stdout.split('\n').filter(Boolean)) await ctr('content', 'rm', digest);
  };
  /** The mirrors that a layer's requests were sent to, one after the other, since `start` in the log. */
  const sentTo = (layer: string, start: number) =>
    serving
      .log()
      .slice(start)
      .filter(
        ({ event, digest, outcome }) => event === 'request' && digest === layer && outcome === 'redirected',
      )
      .map(({ mirror }) => mirror);

  it('reads all chunks of a layer from one mirror, which goes on being trusted', async () => {
    const start = serving.log().length;
    const result = await pull();
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
    await forget();
    const dead = sentTo(layers[0] ?? '', 0)[0] ?? '';
    await mirrors.get(dead)?.stop();
    let result = await pull();
    for (let tries = 1; result.status !== 0 && tries < 4; tries += 1) result = await pull();
    assert.equal(result.status, 0, describeResult(result));
  });
});
