import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { type DataFolder, createDataFolder } from '../../../test/fakes/data-folder.ts';
import { type FaultyMirror, startFaultyMirror } from '../../../test/fakes/faulty-mirror.ts';
import { buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { createMemoryImageSource } from '../../../test/fakes/memory-image-source.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { exitCodes } from '../terminal/exit-codes.ts';

const work = mkdtempSync(join(tmpdir(), 'signpost-crawl-command-'));
const config = join(work, 'signpost.yaml');
const copy = join(work, 'copy');

suite('signpost crawl', () => {
  let data: DataFolder;
  const servers: FaultyMirror[] = [];
  const run = (...argv: readonly string[]) => runCommand(...argv, '--config', config);
  const crawl = async (...argv: readonly string[]) => {
    const { status, out, err } = await run('crawl', ...argv, '--json');
    return { status, err, ...(JSON.parse(out) as CrawlOutput) };
  };

  before(async () => {
    data = await createDataFolder(work);
    // Large beside the pieces that an ordinary visit compares.
    const noise = Buffer.concat(Array.from({ length: 32_768 }, (_, at) => hash('sha256', `${at}`, 'buffer')));
    const image = buildImage({ layers: [{ noise }] });
    await data.publish(createMemoryImageSource(buildList([image])), 'test/image:1');
    await data.placeStaged();
    writeFileSync(config, `data: ${data.path}\nmirrors: { allowAddresses: [127.0.0.0/8] }\n`);
    cpSync(join(data.path, 'tree'), copy, { recursive: true });
    for (const name of ['good', 'other']) {
      const server = await startFaultyMirror({ root: copy });
      servers.push(server);
      const { status, err } = await run('mirror', 'add', name, server.url, '--country', 'DE');
      assert.equal(status, exitCodes.ok, err);
    }
  });
  after(async () => {
    for (const server of servers) await server.close();
    await data[Symbol.asyncDispose]();
    rmSync(work, { recursive: true, force: true });
  });

  test('visits every mirror, keeps what it found, and is content when all are in', async () => {
    const { status, mirrors, out, saved, err } = await crawl();
    assert.deepEqual([status, out, saved], [exitCodes.ok, 0, true], err);
    assert.deepEqual(
      mirrors.map(({ name, state }) => [name, state.healthy, state.serial, state.ipv4, state.ipv6]),
      [
        ['good', true, 1, true, false],
        ['other', true, 1, true, false],
      ],
    );
    assert.ok(mirrors.every(({ requests, bytes }) => requests >= 3 && bytes > 0));
    assert.match((await run('mirror', 'list')).out, /healthy, at 1/);
  });

  test('costs a mirror a handful of requests', async () => {
    const { mirrors } = await crawl('good');
    assert.ok((mirrors[0]?.requests ?? 99) <= 6, `${mirrors[0]?.requests} requests`);
  });

  test('reads whole blobs when a full check is wanted, and only then', async () => {
    const ordinary = (await crawl('good')).mirrors[0];
    const full = (await crawl('good', '--full')).mirrors[0];
    assert.ok(ordinary !== undefined && full !== undefined);
    assert.ok(full.requests > ordinary.requests, `${full.requests} and ${ordinary.requests} requests`);
    assert.ok(full.bytes > 2 * ordinary.bytes, `${full.bytes} and ${ordinary.bytes} bytes`);
  });

  test('reports what this visit saw, and nothing of earlier ones', async () => {
    assert.match((await crawl('good')).mirrors[0]?.state.responseTime?.toString() ?? '', /^\d/);
    await servers[0]?.setFault('status-503');
    const { state } = (await crawl('good')).mirrors[0] ?? {};
    assert.deepEqual([state?.healthy, state?.ipv4, state?.responseTime], [false, undefined, undefined]);
    assert.match((await run('crawl', 'good')).out, /^good +\? +\? +- +- /m);
    await servers[0]?.setFault('none');
    assert.equal((await crawl('good')).mirrors[0]?.state.ipv4, true);
  });

  test('shows what a mirror says so that no terminal acts upon it', async () => {
    const evil = '\u009b31m\u009b2J\u009d0;owned\u009c';
    const server = createServer((_request, response) => {
      response.writeHead(302, { Location: `http://x/${evil}` }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    try {
      assert.equal((await run('mirror', 'add', 'evil', url, '--country', 'DE')).status, exitCodes.ok);
      const shown = [
        await run('crawl', 'evil'),
        await run('crawl', 'evil', '--json'),
        await run('mirror', 'list'),
        await run('mirror', 'list', '--json'),
        await run('mirror', 'show', 'evil'),
      ];
      for (const { out, err } of shown) {
        assert.match(out, /owned/);
        assert.doesNotMatch(out + err, /[^\P{Cc}\n]/u);
      }
      assert.match(shown[0]?.out ?? '', /\\u009b31m/);
      const { mirrors } = JSON.parse(shown[1]?.out ?? '') as CrawlOutput;
      assert.ok(mirrors[0]?.state.reason?.includes(evil), 'a program gets what it said');
    } finally {
      await run('mirror', 'remove', 'evil', '--yes');
      server.close().closeAllConnections();
    }
  });

  test('says which is out and why, keeps it in the history, and wants a full check after wrong bytes', async () => {
    await servers[1]?.setFault('corrupt');
    const { status, out, mirrors } = await crawl('--full');
    assert.deepEqual([status, out], [exitCodes.tryAgain, 1]);
    assert.match(mirrors[1]?.state.reason ?? '', /^wrong-bytes/);
    const table = await run('crawl', 'other');
    assert.match(table.out, /^other .* down: wrong-bytes/m);
    assert.match(table.err, /1 mirror probed, 1 out/);
    assert.match((await run('mirror', 'show', 'other')).out, /down: wrong-bytes/);
    await servers[1]?.setFault('none');
    assert.equal((await crawl('other')).status, exitCodes.ok);
    assert.equal((await run('mirror', 'disable', 'other')).status, exitCodes.ok);
    assert.match((await run('crawl', 'other')).out, /^other .* healthy, at 1 \(disabled\)$/m);
    assert.equal((await run('mirror', 'enable', 'other')).status, exitCodes.ok);
    const history = await run('mirror', 'history', 'other', '--json');
    const { events } = JSON.parse(history.out) as { events: { kind: string; detail: string }[] };
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['in', 'wrong-bytes', 'in'],
    );
    assert.match((await run('mirror', 'history', 'other', '--limit', '2')).out, /wrong-bytes +wrong-bytes: /);
  });

  test('knows a name that no mirror has, and numbers that are none', async () => {
    assert.equal((await run('crawl', 'nobody')).status, exitCodes.notFound);
    assert.equal((await run('mirror', 'history', 'nobody')).status, exitCodes.notFound);
    assert.equal((await run('crawl', '--parallel', '0')).status, exitCodes.usage);
    assert.equal((await run('mirror', 'history', 'good', '--limit', '0')).status, exitCodes.usage);
  });
});

interface CrawlOutput {
  readonly out: number;
  readonly saved: boolean;
  readonly mirrors: readonly {
    readonly name: string;
    readonly requests: number;
    readonly bytes: number;
    readonly state: {
      readonly healthy: boolean;
      readonly serial: number;
      readonly ipv4?: boolean;
      readonly ipv6?: boolean;
      readonly responseTime?: number;
      readonly reason?: string;
    };
  }[];
}
