import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { createDataFolder } from '../fakes/data-folder.ts';
import { startFaultyMirror } from '../fakes/faulty-mirror.ts';
import { buildImage, buildList } from '../fakes/image-builder.ts';
import { createMemoryImageSource } from '../fakes/memory-image-source.ts';
import { type BlobsImage, buildBlobsImage } from './harness/blobs-image.ts';
import { createSkopeoClient } from './harness/clients/skopeo-client.ts';
import { describeResult, mustRun, runCommand } from './harness/command.ts';
import { startDaemon } from './harness/daemon.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { type NginxMirror, startNginx, startNginxMirror } from './harness/nginx-mirror.ts';
import { findFreePort } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { accessesSince, markAccesses, untilAllAreIn } from './harness/static-mirrors.ts';
import { type World, createWorld, mirrorAddresses, registryName } from './harness/world.ts';

const root = join(import.meta.dirname, '../..');
const program = join(root, 'bin/signpost');

describe(
  'mirrors that are filled by rsync and over HTTPS both serve pulls',
  requirements('gpg', 'nginx', 'rsync', 'skopeo'),
  () => {
    let world: World;
    let image: BlobsImage;
    let originUrl: string;
    const mirrors = new Map<string, NginxMirror>();

    before(async () => {
      world = await createWorld();
      image = await buildBlobsImage(world.work);
      await world.signpost.publish(`oci:${image.layout}`, 'demo/blobs:1');
      await world.signpost.sign(world.key);
      const { work, certificates, signpost } = world;
      const [address = '', ...others] = mirrorAddresses;
      const port = await findFreePort(address);
      const server = [
        `listen ${address}:${port} ssl;`,
        `ssl_certificate ${certificates.certificate};`,
        `ssl_certificate_key ${certificates.key};`,
        `location /tree/ { alias ${signpost.tree}/; }`,
      ];
      writeFileSync(work.file('tree-access.log'), '');
      world.parts.use(await startNginx(work, 'tree', server, work.file('tree-access.log')));
      originUrl = `https://${address}:${port}/tree`;
      for (const [index, name] of ['by-rsync', 'by-sync'].entries()) {
        const mirror = world.parts.use(
          await startNginxMirror(work, { name, address: others[index] ?? '', certificates }),
        );
        mirrors.set(name, mirror);
      }
    });
    after(async () => {
      await world[Symbol.asyncDispose]();
    });
    keepLogsOfFailures(() => world);

    it('rsync in two stages, from an rsync server', async () => {
      const { work, signpost } = world;
      const port = await findFreePort();
      const example = readFileSync(join(root, 'packaging/rsync/rsyncd.conf'), 'utf8');
      const settings = example
        .replace(/^(?:uid|gid) = .*\n/gm, '')
        .replace('/var/lib/signpost/tree', signpost.tree);
      writeFileSync(
        work.file('rsyncd.conf'),
        `use chroot = no\nuid = ${process.getuid?.()}\ngid = ${process.getgid?.()}\n${settings}`,
      );
      const url = `rsync://127.0.0.1:${port}`;
      world.parts.use(
        await startDaemon(
          'rsync',
          [
            '--daemon',
            '--no-detach',
            '--address=127.0.0.1',
            `--port=${port}`,
            `--config=${work.file('rsyncd.conf')}`,
          ],
          {
            logFile: work.file('rsyncd.log'),
            ready: async () => (await runCommand('rsync', [`${url}/`])).status === 0,
          },
        ),
      );
      const target = mirrors.get('by-rsync')?.root ?? '';
      await mustRun(join(root, 'packaging/rsync/signpost-mirror-sync'), [`${url}/tree`, target]);
      assert.deepEqual(filesIn(target), filesIn(signpost.tree));
    });

    it('signpost sync, over HTTPS and with the other mirror helping', async () => {
      const { certificates, signpost } = world;
      const target = mirrors.get('by-sync')?.root ?? '';
      const run = (...options: string[]) =>
        runCommand(program, [
          'sync',
          '--from',
          originUrl,
          '--ca',
          certificates.authority,
          ...options,
          target,
        ]);
      const stranger = await runCommand(program, ['sync', '--from', originUrl, target]);
      assert.equal(stranger.status, 5, describeResult(stranger));
      assert.match(stranger.stderr, /certificate|SELF_SIGNED|UNABLE_TO/);
      const result = await run('--also-from', mirrors.get('by-rsync')?.url ?? '', '--json');
      assert.equal(result.status, 0, describeResult(result));
      const report = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as {
        sources: { files: number }[];
      };
      assert.ok(
        report.sources.every(({ files }) => files > 0),
        result.stdout,
      );
      assert.deepEqual(filesIn(target), filesIn(signpost.tree));
      // A mirror that rsync has filled can go on with the other.
      const other = mirrors.get('by-rsync')?.root ?? '';
      await mustRun(program, ['sync', '--from', originUrl, '--ca', certificates.authority, other]);
      assert.deepEqual(filesIn(other), filesIn(signpost.tree));
    });

    it('clients are sent to both, and find what they look for', async () => {
      const countries = { 'by-rsync': 'DE', 'by-sync': 'US' } as const;
      for (const [name, country] of Object.entries(countries)) {
        await world.signpost.must('mirror', 'add', name, mirrors.get(name)?.url ?? '', '--country', country);
      }
      const serving = world.parts.use(await world.signpost.serve());
      await untilAllAreIn(serving, mirrors.keys());
      for (const [name, country] of Object.entries(countries)) {
        const place = await world.createPlace(`skopeo-${name}`, country);
        const skopeo = createSkopeoClient(world.work, place);
        const marks = markAccesses(mirrors);
        const pulled = await skopeo.pull(`${registryName}/demo/blobs:1`, { platform: 'linux/amd64' });
        assert.equal(pulled.status, 0, describeResult(pulled));
        for (const [mirror, accesses] of accessesSince(mirrors, marks)) {
          const blobs = accesses.filter(({ path, status }) => path.includes('/blobs/') && status === 200);
          assert.equal(blobs.length, mirror === name ? image.layers.length : 0, mirror);
        }
      }
    });
  },
);

it('a sync can be killed at any moment, and goes on where it was', { timeout: 180_000 }, async (t) => {
  const layers = Array.from({ length: 12 }, (_, index) => ({ data: noise(`layer ${index}`, 600_000) }));
  const image = buildList([buildImage({ layers })]);
  await using data = await createDataFolder();
  for (const target of ['fedora:41', 'debian:12']) await data.publish(createMemoryImageSource(image), target);
  await data.placeStaged();
  const tree = join(data.path, 'tree');
  const server = await startFaultyMirror({ root: tree });
  t.after(() => server.close());
  const copy = join(data.path, 'copy');
  const start = () =>
    spawn(
      process.execPath,
      [join(root, 'src/cli/main.ts'), 'sync', '--from', server.url, '--bandwidth', '6M', '--json', copy],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );

  let interrupted = 0;
  let asked = 0;
  // Other moments in each run of the test: whatever they are, the same holds.
  for (let round = 0; round < 8; round += 1) {
    const before = server.log.length;
    const child = start();
    const ended = once(child, 'exit');
    await Promise.race([once(child.stdout, 'data'), ended]);
    await Promise.race([setTimeout(Math.random() * 500), ended]);
    child.kill('SIGKILL');
    await ended;
    if (child.signalCode !== null) interrupted += 1;
    asked += server.log.slice(before).filter(({ path }) => path.includes('/blobs/')).length;
    for (const path of filesIn(copy)) {
      assert.deepEqual(readFileSync(join(copy, path)), readFileSync(join(tree, path)), path);
      assert.ok(
        path !== 'publication.json' || filesIn(copy).length === filesIn(tree).length,
        'the marker came too early',
      );
    }
  }
  assert.ok(interrupted > 0, 'no kill came before the end');
  const last = start();
  last.stdout.resume();
  assert.deepEqual(await once(last, 'exit'), [0, null]);
  assert.deepEqual(filesIn(copy), filesIn(tree));
  for (const path of filesIn(tree))
    assert.deepEqual(readFileSync(join(copy, path)), readFileSync(join(tree, path)));
  assert.ok(asked > 0 && server.log.some(({ range }) => range !== undefined), 'nothing was ever resumed');
  rmSync(copy, { recursive: true });
});

/** What is given away: neither hidden files nor what a sync keeps for itself. */
function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('.'))
    .toSorted();
}

function noise(seed: string, length: number): Buffer {
  return createHash('shake256', { outputLength: length }).update(seed).digest();
}
