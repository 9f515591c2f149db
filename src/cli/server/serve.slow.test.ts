import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const program = resolve(import.meta.dirname, '../main.ts');

test('serve says where it listens, refuses a second one on the same data, and ends when told', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-serve-'));
  const config = join(folder, 'signpost.yaml');
  await writeFile(config, `data: ${folder}/data\nregistry: { listen: [{ port: 0 }] }\n`);
  const first = start('serve', '--config', config, '--json');
  const [line] = (await once(first.process.stdout ?? first.process, 'data')) as [Buffer];
  const { addresses } = JSON.parse(line.toString()) as { addresses: string[] };
  const [url = ''] = addresses;
  assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await fetch(`${url}/v2/`)).headers.get('x-registry-supports-signatures'), '1');

  const second = start('serve', '--config', config);
  assert.equal(await second.status, 5);
  assert.match(await second.err, /serve/);

  first.process.kill('SIGHUP');
  await rm(`${folder}/data/tree`, { recursive: true });
  assert.equal((await fetch(`${url}/readyz`)).status, 503);
  assert.equal((await fetch(`${url}/healthz`)).status, 200);

  first.process.kill('SIGTERM');
  assert.equal(await first.status, 0);
  const events = (await first.err)
    .trimEnd()
    .split('\n')
    .map((logged) => (JSON.parse(logged) as { event: string }).event);
  assert.ok(events.includes('serving') && events.includes('stopping') && events.includes('request'));
  assert.ok(events.some((event) => event.startsWith('configuration read again')));
  await rm(folder, { recursive: true });
});

test('SIGHUP takes over what can change, names what cannot, and keeps the old settings when the new are bad', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-serve-'));
  const config = join(folder, 'signpost.yaml');
  const base = `data: ${folder}/data\n`;
  const write = (rest: string) => writeFile(config, base + rest);
  await write('registry: { listen: [{ port: 0 }] }\n');
  const child = start('serve', '--config', config, '--json');
  let logged = '';
  child.process.stderr?.on('data', (piece: Buffer) => (logged += piece.toString()));
  const [line] = (await once(child.process.stdout ?? child.process, 'data')) as [Buffer];
  const { addresses } = JSON.parse(line.toString()) as { addresses: string[] };
  const reload = async (event: string) => {
    child.process.kill('SIGHUP');
    for (let waited = 0; !logged.includes(event) && waited < 200; waited += 1) await sleep(50);
    assert.ok(logged.includes(event), logged);
  };
  await write('mirrors: { maxShare: 7 }\nrepositories: [{ match: a, keys: [absent.asc] }]\n');
  await reload('configuration not read again');
  assert.match(logged, /line 2: mirrors\.maxShare.*line 3: repositories\.0\.keys\.0: there is no file/);
  await write(`registry: { listen: [{ port: 0 }], inlineSize: 64KiB }
mirrors: { maxShare: 0.5, retryWindow: 1m }
places: { overrides: [{ netblock: 127.0.0.0/8, country: FR }] }
log: { level: info }
`);
  await reload('some settings that changed need a restart');
  assert.equal((await fetch(`${addresses[0]}/v2/`)).status, 200);
  child.process.kill('SIGTERM');
  assert.equal(await child.status, 0);
  const lines = (await child.err)
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as { event: string; country?: string; settings?: string[] });
  assert.deepEqual(lines.find(({ settings }) => settings !== undefined)?.settings, ['registry.inlineSize']);
  assert.equal(lines.find(({ event }) => event === 'request')?.country, 'FR');
  await rm(folder, { recursive: true });
});

test('serve answers metrics on an address of their own, and nowhere else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-serve-'));
  const config = join(folder, 'signpost.yaml');
  await writeFile(
    config,
    `data: ${folder}/data\nregistry: { listen: [{ port: 0 }] }\nmetrics: { listen: [{ port: 0 }] }\n`,
  );
  const child = start('serve', '--config', config, '--json');
  const [line] = (await once(child.process.stdout ?? child.process, 'data')) as [Buffer];
  const { addresses, metrics } = JSON.parse(line.toString()) as Record<'addresses' | 'metrics', string[]>;
  const [url = ''] = addresses;
  const [metricsUrl = ''] = metrics;
  assert.match(metricsUrl, /^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
  assert.notEqual(new URL(metricsUrl).port, new URL(url).port);
  await (await fetch(`${url}/v2/`)).text();
  assert.equal((await fetch(`${url}/metrics`)).status, 404);
  const text = await (await fetch(metricsUrl)).text();
  assert.match(text, /^signpost_requests_total\{kind="base",status="200"\} 1$/m);
  assert.match(text, /^signpost_snapshot_serial 0$/m);
  assert.match(text, /^signpost_origin_streams_limit 64$/m);
  assert.match(text, /^nodejs_version_info/m);
  child.process.kill('SIGTERM');
  assert.equal(await child.status, 0);
  await rm(folder, { recursive: true });
});

test('serve goes on answering, and ends when told, when its log cannot be written', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-serve-'));
  const config = join(folder, 'signpost.yaml');
  await writeFile(config, `data: ${folder}/data\nregistry: { listen: [{ port: 0 }] }\n`);
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [program, 'serve', '--config', config, '--json'], {
    stdio: ['ignore', 'pipe', full],
    timeout: 60_000,
    killSignal: 'SIGKILL',
  });
  closeSync(full);
  const closed = once(child, 'close');
  const [line] = (await once(child.stdout ?? child, 'data')) as [Buffer];
  const { addresses } = JSON.parse(line.toString()) as { addresses: string[] };
  for (let asked = 0; asked < 5; asked += 1) {
    assert.equal((await fetch(`${addresses[0]}/v2/`)).status, 200);
    await sleep(120);
  }
  child.kill('SIGTERM');
  assert.deepEqual(await closed, [0, null]);
  await rm(folder, { recursive: true });
});

test('serve says what is wrong with its configuration', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-serve-'));
  const config = join(folder, 'signpost.yaml');
  const wrong: readonly [string, RegExp][] = [
    ['registry: { trustedProxies: ["10.0.0.1/8"] }', /registry\.trustedProxies\.0.*10\.0\.0\.0\/8/],
    ['places: { countryDatabase: absent.mmdb }', /absent\.mmdb/],
    ['registry: { listen: [{ port: 0, tls: { certificate: absent.pem, key: absent.pem } }] }', /absent\.pem/],
  ];
  for (const [setting, message] of wrong) {
    await writeFile(config, `data: ${folder}/data\n${setting}\n`);
    const { status, err } = start('serve', '--config', config);
    assert.equal(await status, 2, setting);
    assert.match(await err, message);
  }
  await rm(folder, { recursive: true });
});

interface Started {
  readonly process: ChildProcess;
  readonly status: Promise<unknown>;
  readonly err: Promise<string>;
}

function start(...argv: readonly string[]): Started {
  const child = spawn(process.execPath, [program, ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  const status = once(child, 'close').then(([code]) => code as unknown);
  return { process: child, status, err: text(child.stderr) };
}
