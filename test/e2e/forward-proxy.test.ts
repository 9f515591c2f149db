import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { buildFourPlatforms, writeLayout } from '../fakes/image-builder.ts';
import { describeResult, runCommand } from './harness/command.ts';
import { startDaemon } from './harness/daemon.ts';
import { keepLogsOfFailures } from './harness/keep-logs.ts';
import { findFreePort, listens } from './harness/ports.ts';
import { requirements } from './harness/requirements.ts';
import { createWorld, registryName, type World } from './harness/world.ts';

const program = join(import.meta.dirname, '../../bin/signpost');
const image = buildFourPlatforms();
const credentials = { user: 'house', password: 'correcthorse' };

describe(
  'behind a tinyproxy that wants a password, where nothing else leads out',
  requirements('gpg', 'tinyproxy'),
  () => {
    let world: World;
    let log: string;
    let proxy: string;

    before(async () => {
      world = await createWorld();
      const { work, signpost, key } = world;
      const layout = work.folder('image');
      await writeLayout(layout, image);
      await signpost.publish(`oci:${layout}`, 'demo/tool:1');
      await signpost.sign(key);
      world.parts.use(await signpost.serve());
      const { place } = await world.createPlace('behind', 'DE');
      const port = await findFreePort();
      log = work.file('tinyproxy-access.log');
      const settings = [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Timeout 60',
        `LogFile "${log}"`,
        'LogLevel Connect',
        'MaxClients 50',
        // It stands in for name resolution: the names are in no DNS.
        `Upstream http ${new URL(place.url).host}`,
        `BasicAuth ${credentials.user} ${credentials.password}`,
      ];
      writeFileSync(work.file('tinyproxy.conf'), `${settings.join('\n')}\n`);
      world.parts.use(
        await startDaemon('tinyproxy', ['-d', '-c', work.file('tinyproxy.conf')], {
          logFile: work.file('tinyproxy.log'),
          ready: () => listens(port),
        }),
      );
      proxy = `http://${credentials.user}:${credentials.password}@127.0.0.1:${port}`;
    });
    after(async () => {
      await world[Symbol.asyncDispose]();
    });
    keepLogsOfFailures(() => world);

    const readLog = () => {
      try {
        return readFileSync(log, 'utf8');
      } catch {
        return '';
      }
    };
    const run = (env: Record<string, string>, ...args: string[]) =>
      runCommand(program, args, { env: { HOME: world.work.folder('home'), ...env } });

    it('publish copies from a registry out there', async () => {
      const source = `docker://${registryName}/demo/tool:1`;
      const data = world.work.folder('second');
      const args = [
        'publish',
        source,
        'demo/copy:1',
        '--config',
        world.work.file('origin.yaml'),
        '--data',
        data,
        '--source-ca',
        world.certificates.authority,
      ];
      const result = await run({ HTTPS_PROXY: proxy }, ...args, '--json');
      assert.equal(result.status, 0, describeResult(result));
      assert.equal(
        Reflect.get(JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '') as object, 'list'),
        image.digest,
      );
      assert.match(readLog(), new RegExp(`CONNECT ${registryName}:443`));
      // Nothing but the proxy knows the name.
      for (const [env, ...further] of [
        [{ HTTPS_PROXY: proxy }, '--no-proxy'],
        [{ HTTPS_PROXY: proxy, NO_PROXY: '.test' }],
      ] as const) {
        const direct = await run(env, ...args, ...further);
        assert.match(direct.stderr, /ENOTFOUND|EAI_AGAIN/, describeResult(direct));
      }
      const wrong = await run({ HTTPS_PROXY: proxy.replace('house', 'other') }, ...args);
      assert.match(wrong.stderr, /the proxy .*(?:user and a password|status 401)/, describeResult(wrong));
      assert.doesNotMatch(wrong.stderr, /correcthorse/);
    });

    it('verify reads an image and its signatures', async () => {
      const policy = world.work.file('policy.yaml');
      writeFileSync(
        policy,
        `rules:\n  - match: ["**"]\n    require: { simple: { keys: [${world.key.publicKey}] } }\n`,
      );
      const args = ['--policy', policy, '--blobs', '--source-ca', world.certificates.authority];
      const result = await run({ https_proxy: proxy }, 'verify', `${registryName}/demo/tool:1`, ...args);
      assert.equal(result.status, 0, describeResult(result));
    });

    it('sync fills a mirror', async () => {
      const folder = world.work.folder('mirror');
      const args = ['--from', `https://${registryName}`, folder, '--ca', world.certificates.authority];
      const result = await run({ HTTPS_PROXY: proxy }, 'sync', ...args);
      assert.equal(result.status, 0, describeResult(result));
      assert.match(readFileSync(join(folder, 'publication.json'), 'utf8'), /"serial"/);
    });
  },
);
