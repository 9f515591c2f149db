import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LoadResult, runLoad } from './load.ts';
import { startNginx } from './nginx.ts';
import { type Server, residentMemory, sleep, startServer, waitFor } from './process.ts';
import { compare, report } from './report.ts';
import { type World, createWorld, waitForMirrors } from './world.ts';

const serverCore = 0;
const loadCore = 1;
const ports = { signpost: 18_500, nginx: 18_501, mirrors: 18_502 };
const mirrors = 1000;
const root = join(import.meta.dirname, '..');

/** Redirects, manifests, memory and start-up at 1,000 mirrors and 100,000 blobs, against nginx. */
export async function benchServer(
  folder: string,
  options: { rounds: number; seconds: number },
): Promise<void> {
  const world = await createWorld(folder, {
    mirrors,
    repositories: 1000,
    blobsPerRepository: 100,
    mirrorUrl: `http://127.0.0.1:${ports.mirrors}`,
  });
  await using _mirrors = await startNginx(
    join(folder, 'mirrors'),
    ports.mirrors,
    loadCore,
    `access_log off; location ~ ^/m\\d+/(?<path>.*)$ { alias ${join(world.data, 'tree')}/$path; }`,
  );
  for (const logged of [false, true]) {
    const accessLog = logged ? join(folder, 'access.log') : 'off';
    await using _nginx = await startNginx(
      join(folder, 'nginx'),
      ports.nginx,
      serverCore,
      `access_log ${accessLog};
       location ~ ^/v2/.+/blobs/ { return 307 http://127.0.0.1:${ports.mirrors}/m1$uri; }
       location / { root ${join(world.data, 'tree')}; }`,
    );
    await using signpost = await startSignpost(folder, world, logged);
    const title = logged ? 'with access logs' : 'without access logs';
    const load = { folder, connections: 64, ...options };
    await expectRedirect(`http://127.0.0.1:${ports.signpost}${world.blobPaths[0]}`);
    await compareRounds(`redirects, ${title}`, options.rounds, {
      signpost: () => runLoad(loadCore, `http://127.0.0.1:${ports.signpost}`, world.blobPaths, load),
      other: () => runLoad(loadCore, `http://127.0.0.1:${ports.nginx}`, world.blobPaths, load),
    });
    await compareRounds(`manifest GETs, ${title}`, options.rounds, {
      signpost: () => runLoad(loadCore, `http://127.0.0.1:${ports.signpost}`, [world.manifestPath], load),
      other: () => runLoad(loadCore, `http://127.0.0.1:${ports.nginx}`, [world.manifestPath], load),
    });
    for (const [kind, path] of Object.entries(world.signaturePaths)) {
      const own = `http://127.0.0.1:${ports.signpost}`;
      await compareRounds(
        `signatures (${kind}), ${title}`,
        options.rounds,
        {
          signpost: () => runLoad(loadCore, own, [path], load),
          other: () => runLoad(loadCore, own, [world.manifestPath], load),
        },
        'our manifest GETs',
      );
    }
    report(`memory of the server after that, ${title}`, `${residentMemory(signpost.pid).toFixed(0)} MiB`);
  }
}

async function startSignpost(folder: string, world: World, logged: boolean): Promise<Server> {
  const config = join(folder, 'signpost.yaml');
  writeFileSync(
    config,
    `data: ${world.data}
registry:
  name: 127.0.0.1:${ports.signpost}
  listen: [{ address: 127.0.0.1, port: ${ports.signpost} }]
  trustedProxies: [127.0.0.1/32]
mirrors: { allowAddresses: [127.0.0.0/8] }
places: { overrides: [{ netblock: 127.0.0.0/8, country: DE }] }
log: { level: ${logged ? 'info' : 'warn'} }
`,
  );
  const signpost = [join(root, 'node_modules/.bin/node'), join(root, 'src/cli/main.ts')];
  const started = performance.now();
  const server = await startServer(serverCore, [...signpost, 'serve', '--config', config], () =>
    waitFor(`http://127.0.0.1:${ports.signpost}/readyz`),
  );
  report('start until ready', `${((performance.now() - started) / 1000).toFixed(2)} s`);
  report('memory when ready', `${residentMemory(server.pid).toFixed(0)} MiB`);
  try {
    await waitForMirrors([...signpost, 'mirror', 'list', '--config', config, '--json'], mirrors);
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

async function expectRedirect(url: string): Promise<void> {
  const { status } = await fetch(url, { redirect: 'manual' });
  if (status !== 307) throw new Error(`${url} answered ${status} instead of a redirect`);
}

async function compareRounds(
  title: string,
  rounds: number,
  runs: { signpost: () => LoadResult; other: () => LoadResult },
  other = 'nginx',
): Promise<void> {
  const pairs: { signpost: LoadResult; other: LoadResult }[] = [];
  runs.signpost();
  for (let round = 0; round < rounds; round += 1) {
    pairs.push({ other: runs.other(), signpost: runs.signpost() });
    await sleep(500);
  }
  const unit = (key: keyof LoadResult) => ({
    ours: pairs.map((pair) => pair.signpost[key]),
    theirs: pairs.map((pair) => pair.other[key]),
  });
  compare(`${title}: answers a second`, other, unit('rate'), '/s');
  compare(`${title}: p99`, other, unit('p99'), 'ms');
}
