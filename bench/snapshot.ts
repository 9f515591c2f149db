import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabaseForReading } from '../src/adapters/db/sqlite/database.ts';
import { createSqlitePublishedContent } from '../src/adapters/db/sqlite/published-content.ts';
import { compileSnapshot } from '../src/server/pull/compile-snapshot.ts';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BigWorld, createBigWorld } from './big-world.ts';
import { startNginx } from './nginx.ts';
import { peakMemory, residentMemory, sleep, startServer, waitFor } from './process.ts';
import { report } from './report.ts';
import { describeLatencies, startSteadyLoad } from './steady-load.ts';
import { waitForMirrors } from './world.ts';

const ports = { signpost: 18_510, mirrors: 18_511, metrics: 18_512 };
const serverCore = 0;
const loadCore = 1;
const mirrors = 1000;
/** How often something is published under load. */
const publications = 20;
const root = join(import.meta.dirname, '..');

/** Compiling and swapping the routing snapshot while redirects are asked for at a steady rate. */
export async function benchSnapshot(
  folder: string,
  options: { blobs: number; repositories: number; rate: number; calmSeconds: number },
): Promise<void> {
  const world = await createBigWorld(join(folder, 'big'), {
    ...options,
    mirrors,
    mirrorUrl: `http://127.0.0.1:${ports.mirrors}`,
  });
  const size = `${options.blobs.toLocaleString('en')} blobs in ${options.repositories.toLocaleString('en')} repositories`;
  report('snapshot of', `${size}, ${mirrors} mirrors`);
  await reportPieces(world);

  await using _mirrors = await startNginx(
    join(folder, 'mirrors'),
    ports.mirrors,
    loadCore,
    `access_log off; location ~ ^/m\\d+/(?<path>.*)$ { alias ${join(world.data, 'tree')}/$path; }`,
  );
  const config = join(folder, 'big.yaml');
  writeFileSync(config, configuration(world));
  const signpost = [join(root, 'node_modules/.bin/node'), join(root, 'src/cli/main.ts')];
  const started = performance.now();
  await using server = await startServer(serverCore, [...signpost, 'serve', '--config', config], () =>
    waitFor(`http://127.0.0.1:${ports.signpost}/readyz`, 600),
  );
  report('start until ready', `${((performance.now() - started) / 1000).toFixed(1)} s`);
  report('memory when ready', `${residentMemory(server.pid).toFixed(0)} MiB`);
  await waitForMirrors([...signpost, 'mirror', 'list', '--config', config, '--json'], mirrors);

  const load = startSteadyLoad(ports.signpost, world.samplePaths, options.rate);
  await sleep(options.calmSeconds * 1000);
  const began = performance.now();
  const swaps: number[] = [];
  for (let number = 0; number < publications; number += 1) {
    const published = performance.now();
    await waitForBlob(`http://127.0.0.1:${ports.signpost}${await world.publishOne()}`);
    swaps.push(performance.now() - published);
  }
  await sleep(100);
  const ended = performance.now();
  const answers = load.stop();
  // The first second warms the code up.
  const calm = answers.filter(({ due }) => due > (answers[0]?.due ?? 0) + 1000 && due < began);
  const during = answers.filter(({ due }) => due >= began && due < ended);
  swaps.sort((one, other) => one - other);
  report(
    'from publication to swap',
    `median ${swaps[publications >> 1]?.toFixed(0)} ms, at most ${swaps.at(-1)?.toFixed(0)} ms`,
  );
  const compiled = (await readMetric('signpost_snapshot_compile_seconds')) * 1000;
  report('of which the last compilation took', `${compiled.toFixed(0)} ms`);
  report(`redirects at ${options.rate}/s before`, describeLatencies(calm));
  report(
    `redirects at ${options.rate}/s while ${publications} snapshots are compiled and swapped, one after the other`,
    describeLatencies(during),
  );
  report('memory afterwards', `${residentMemory(server.pid).toFixed(0)} MiB`);
  report('peak memory of the server', `${peakMemory(server.pid).toFixed(0)} MiB`);
}

/**
 * Compiles in this process, without load, and measures what runs between two turns of the event loop: in CPU time of
 * its thread, which what else the machine does changes little.
 */
async function reportPieces(world: BigWorld): Promise<void> {
  const database = openDatabaseForReading(join(world.data, 'signpost.db'));
  const pieces: number[] = [];
  let from = threadTime();
  await compileSnapshot(createSqlitePublishedContent(database), undefined, async () => {
    const piece = threadTime() - from;
    if (piece < 2) return;
    pieces.push(piece);
    await nextTurn();
    from = threadTime();
  });
  pieces.push(threadTime() - from);
  database.close();
  pieces.sort((a, b) => b - a);
  const total = pieces.reduce((sum, piece) => sum + piece, 0) / 1000;
  report('compiling without load', `${total.toFixed(1)} s of CPU time in ${pieces.length} pieces`);
  const longest = pieces.slice(0, 5).map((piece) => `${piece.toFixed(1)} ms`);
  const p99 = pieces[Math.floor(pieces.length / 100)]?.toFixed(1);
  report('longest pieces', `${longest.join(', ')}; p99 ${p99} ms`);
}

/** In milliseconds. */
function threadTime(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Asks until the blob is known, which it is from the swap on. */
async function waitForBlob(url: string): Promise<void> {
  for (let attempt = 0; attempt < 60_000; attempt += 1) {
    const { status } = await fetch(url, { method: 'HEAD', redirect: 'manual' });
    if (status !== 404) return;
    await sleep(20);
  }
  throw new Error('the publication was not taken up');
}

async function readMetric(name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${ports.metrics}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.split(' ')[1],
  );
}

function configuration(world: BigWorld): string {
  return `data: ${world.data}
registry:
  name: 127.0.0.1:${ports.signpost}
  listen: [{ address: 127.0.0.1, port: ${ports.signpost} }]
  trustedProxies: [127.0.0.1/32]
metrics: { listen: [{ address: 127.0.0.1, port: ${ports.metrics} }] }
mirrors: { allowAddresses: [127.0.0.0/8] }
places: { overrides: [{ netblock: 127.0.0.0/8, country: DE }] }
log: { level: warn }
`;
}
