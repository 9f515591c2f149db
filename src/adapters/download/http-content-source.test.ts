import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type RequestListener, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createMirrorAddressResolver } from '../http-client/mirror-address-resolver.ts';
import { parseNetblock } from '../../net/netblock.ts';
import type { SourceAnswer } from '../../ports/content-source.ts';
import { createHttpContentSource } from './http-content-source.ts';
import { createSourceClient } from './source-client.ts';

async function serve(t: TestContext, address: string, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, address);
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${address}:${(server.address() as AddressInfo).port}`;
}

function createSource(t: TestContext, origin: string, timeout = 5000) {
  const client = createSourceClient({
    named: new Set([new URL(origin).host]),
    resolver: createMirrorAddressResolver([parseNetblock('127.0.1.0/24')], '--allow-address'),
    trust: { setting: '--ca', context: () => assert.fail('nothing speaks TLS here') },
    userAgent: 'test',
    parallel: 16,
    timeout,
  });
  t.after(() => client[Symbol.dispose]());
  const source = createHttpContentSource(origin, client);
  const open = async (path = 'file') => source.open(path, 0, new AbortController().signal);
  return { source, open };
}

async function textOf(answer: SourceAnswer): Promise<string> {
  assert.ok(answer.kind === 'found', answer.kind === 'found' ? '' : answer.detail);
  const pieces: Uint8Array[] = [];
  await answer.read(1000, (piece) => void pieces.push(piece));
  return Buffer.concat(pieces).toString();
}

test('a Mirror List that sends on to a mirror that fails is asked for another, and it alone is told', async (t) => {
  const told: (string | undefined)[] = [];
  const passedOn: unknown[] = [];
  const good = await serve(t, '127.0.1.1', (request, response) => {
    passedOn.push(request.headers['signpost-avoid']);
    response.end('good');
  });
  const bad = await serve(t, '127.0.1.2', (request, response) => {
    passedOn.push(request.headers['signpost-avoid']);
    response.writeHead(404).end();
  });
  // The first is at an address that is not allowed.
  const targets = ['http://127.0.9.1:1', bad, good];
  const origin = await serve(t, '127.0.0.1', (request, response) => {
    const avoid = request.headers['signpost-avoid'];
    told.push(avoid?.toString());
    const left = targets.find((url) => avoid?.includes(new URL(url).hostname) !== true);
    response.writeHead(307, { Location: `${left}${request.url}` }).end();
  });
  const { source, open } = createSource(t, origin);
  const answer = await open();
  assert.equal(answer.via, '127.0.1.1');
  assert.equal(await textOf(answer), 'good');
  assert.deepEqual(told, [undefined, '127.0.9.1', '127.0.9.1, 127.0.1.2']);
  assert.deepEqual(passedOn, [undefined, undefined]);
  source.avoid('127.0.1.1');
  for (let host = 0; host < 20; host += 1) source.avoid(`host-${host}`);
  await open();
  assert.equal(told.at(3)?.split(', ').length, 8, 'a Mirror List reads no more of them');
});

test('a source that is busy is waited for, and asked for no more at once than it takes', async (t) => {
  let inside = 0;
  let refused = 0;
  const origin = await serve(t, '127.0.0.1', (_request, response) => {
    if (inside >= 2) {
      refused += 1;
      response.writeHead(503, { 'Retry-After': '1' }).end();
      return;
    }
    inside += 1;
    setTimeout(() => {
      inside -= 1;
      response.end('slow');
    }, 20);
  });
  const { open } = createSource(t, origin);
  const files = Array.from({ length: 30 }, (_, file) => open(`${file}`).then(textOf));
  assert.deepEqual(new Set(await Promise.all(files)), new Set(['slow']));
  assert.ok(refused > 0 && refused <= 30, `${refused} refusals`);
  // It has been learned: as many again, and nobody is refused.
  const before = refused;
  await Promise.all(Array.from({ length: 10 }, (_, file) => open(`${file}`).then(textOf)));
  assert.equal(refused, before);
});

test('a mirror that sends on again answers for where it leads: no other one is avoided for its sake', async (t) => {
  const honest = await serve(t, '127.0.1.1', (request, response) => {
    response.writeHead(request.url === '/file' ? 200 : 404).end('good');
  });
  const malicious = await serve(t, '127.0.1.2', (_request, response) => {
    response.writeHead(302, { Location: `${honest}/nothing` }).end();
  });
  const told: (string | undefined)[] = [];
  const origin = await serve(t, '127.0.0.1', (request, response) => {
    const avoid = request.headers['signpost-avoid']?.toString();
    told.push(avoid);
    const target = avoid?.includes('127.0.1.2') === true ? honest : malicious;
    response.writeHead(307, { Location: `${target}${request.url}` }).end();
  });
  const { open } = createSource(t, origin);
  assert.equal(await textOf(await open()), 'good');
  assert.deepEqual(told, [undefined, '127.0.1.2']);
});

test('a mirror that was chosen for a sync must be as quick as a Mirror List wants its clients to be', async (t) => {
  const slow = await serve(t, '127.0.1.1', (_request, response) => {
    response.writeHead(200, { 'Content-Length': 1024 ** 3 });
    // Some 20 KiB in the time in which 24 are wanted: enough for a source that somebody has named.
    const timer = setInterval(() => response.write(Buffer.alloc(1024)), 90);
    response.on('close', () => clearInterval(timer));
  });
  const origin = await serve(t, '127.0.0.1', (request, response) => {
    response.writeHead(307, { Location: `${slow}${request.url}` }).end();
  });
  const answer = await createSource(t, origin, 1500).open();
  assert.ok(answer.kind === 'found');
  await assert.rejects(
    answer.read(40 * 1024, () => undefined),
    /too slowly/,
  );
});
