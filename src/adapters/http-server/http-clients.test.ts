import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type Socket, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { createLoopbackCertificate } from '../../../test/fakes/loopback-certificate.ts';
import { parseNetblock } from '../../net/netblock.ts';
import type { TlsFiles } from './tls-files.ts';
import { type HttpLimits, type RequestListener, defaultLimits, listenHttp } from './http-server.ts';

const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const question = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

async function listen(
  listener: RequestListener,
  limits: Partial<HttpLimits>,
  proxies: readonly string[] = [],
  tls?: TlsFiles,
) {
  const address = { address: '127.0.0.1', port: 0, tls };
  const all = { ...defaultLimits, ...limits };
  const server = await listenHttp([address], listener, log, all, proxies.map(parseNetblock));
  const [url = ''] = server.urls;
  return { url, port: Number(new URL(url).port), [Symbol.asyncDispose]: () => server.close(0) };
}

const listenTls = (tls: TlsFiles, listener: RequestListener, limits: Partial<HttpLimits>) =>
  listen(listener, limits, [], tls);

/** A connection from an address of its own, which may be closed at any time. */
async function dial(port: number, localAddress: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', localAddress });
  socket.on('error', quiet);
  await once(socket, 'connect');
  return socket;
}

/** The answer's first line; undefined when the connection is closed instead. */
async function ask(socket: Socket): Promise<string | undefined> {
  socket.write(question);
  const [piece] = await Promise.race([once(socket, 'data'), once(socket, 'close')]);
  return Buffer.isBuffer(piece) ? piece.toString().split('\r\n', 1)[0] : undefined;
}

test('one client that takes all connections it gets leaves room for others, and its idle ones make room', async () => {
  await using server = await listen((_, response) => void response.end('done'), { maxConnections: 40 });
  const flood: Socket[] = [];
  for (let count = 0; count < 60; count += 1) {
    const socket = await dial(server.port, '127.1.0.2');
    await ask(socket);
    flood.push(socket);
  }
  assert.equal(await ask(await dial(server.port, '127.2.0.2')), 'HTTP/1.1 200 OK');
  assert.equal(await ask(await dial(server.port, '127.1.0.3')), 'HTTP/1.1 200 OK', 'its neighbour');
  await sleep(50);
  assert.equal(flood.filter((socket) => !socket.closed).length, 10);
  for (const socket of flood) socket.destroy();
});

test('connections that work are counted over TLS too, and what has no room is closed', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-shares-'));
  const { authority, certificate, key } = await createLoopbackCertificate();
  const tls = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await writeFile(tls.certificate, certificate);
  await writeFile(tls.key, key);
  const held: (() => void)[] = [];
  await using server = await listenTls(tls, (_, response) => void held.push(() => response.end('done')), {
    maxConnections: 8,
  });
  const secure = async (localAddress: string) => {
    const raw = await dial(server.port, localAddress);
    const socket = connectTls({ socket: raw, host: '127.0.0.1', ca: authority });
    socket.on('error', quiet);
    await new Promise<void>((resolve) => {
      socket.once('secureConnect', () => resolve());
      socket.once('close', () => resolve());
    });
    return socket;
  };
  const [one, two] = [await secure('127.1.0.2'), await secure('127.1.0.2')];
  const answers = [ask(one), ask(two)];
  for (let tries = 0; held.length < 2 && tries < 500; tries += 1) await sleep(10);
  const third = await secure('127.1.0.2');
  assert.ok(third.closed, 'both of its connections work: there is no third');
  const other = await secure('127.2.0.2');
  answers.push(ask(other));
  for (let tries = 0; held.length < 3 && tries < 500; tries += 1) await sleep(10);
  for (const end of held) end();
  assert.deepEqual(await Promise.all(answers), Array(3).fill('HTTP/1.1 200 OK'));
  for (const socket of [one, two, other]) socket.destroy();
  await rm(folder, { recursive: true });
});

test('a trusted proxy has as many connections as it needs', async () => {
  const listener: RequestListener = (_, response) => void response.end('done');
  await using server = await listen(listener, { maxConnections: 20 }, ['127.1.0.0/24']);
  const sockets: Socket[] = [];
  for (let count = 0; count < 20; count += 1) sockets.push(await dial(server.port, '127.1.0.2'));
  for (const socket of sockets) assert.equal(await ask(socket), 'HTTP/1.1 200 OK');
  for (const socket of sockets) socket.destroy();
});

for (const [kind, body] of [
  ['text', 'ä'.repeat(500_000)],
  ['bytes', Buffer.alloc(1_000_000, 'x')],
] as const) {
  test(`a long answer of ${kind} arrives whole, and is not given to a client all at once`, async () => {
    const length = Buffer.byteLength(body);
    await using server = await listen((_, response) => void response.end(body), {});
    const answer = await fetch(server.url);
    assert.equal(answer.headers.get('content-length'), String(length));
    assert.equal((await answer.arrayBuffer()).byteLength, length);
    assert.equal((await fetch(server.url, { method: 'HEAD' })).status, 200);
    const post = await fetch(server.url, { method: 'POST' });
    assert.equal((await post.arrayBuffer()).byteLength, length);
  });
}

test('whoever takes too little of an answer is disconnected, whatever kind of answer it is', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const ended: string[] = [];
  const whole = Buffer.alloc(20_000_000);
  await using server = await listen((request, response) => {
    response.once('close', () => ended.push(request.url ?? ''));
    if (request.url === '/whole') return void response.end(whole);
    if (request.url === '/late') return void response.write('begins, and goes on later');
    const more = (): void => {
      while (response.write(whole.subarray(0, 64 * 1024)));
      response.once('drain', more);
    };
    return more();
  }, {});
  const sockets: Socket[] = [];
  for (const path of ['/whole', '/pieces', '/late']) {
    const socket = await dial(server.port, '127.0.0.1');
    socket.write(question.replace('/', path));
    await once(socket, 'data');
    socket.pause();
    sockets.push(socket);
  }
  // In the first window they have taken what the sockets hold.
  context.mock.timers.tick(30_000);
  assert.deepEqual(ended, []);
  await sleep(50);
  context.mock.timers.tick(30_000);
  for (let tries = 0; ended.length < 2 && tries < 500; tries += 1) await sleep(10);
  assert.deepEqual(
    new Set(ended),
    new Set(['/pieces', '/whole']),
    'where the server is slow, the client is not to blame',
  );
  for (const socket of sockets) socket.destroy();
});

test('a slow client costs nothing any more once it is disconnected: not even what the system holds of the answer', async (context) => {
  context.mock.timers.enable({ apis: ['setInterval'] });
  const folder = await mkdtemp(join(tmpdir(), 'signpost-slow-'));
  const { authority, certificate, key } = await createLoopbackCertificate();
  const tls = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  await writeFile(tls.certificate, certificate);
  await writeFile(tls.key, key);
  const whole = Buffer.alloc(20_000_000);
  await using server = await listenTls(tls, (_, response) => void response.end(whole), {});
  const raw = await dial(server.port, '127.0.0.1');
  const socket = connectTls({ socket: raw, host: '127.0.0.1', ca: authority });
  const ended = new Promise<string>((resolve) => {
    for (const one of [raw, socket]) {
      one.once('error', ({ message }: Error) => resolve(message));
      one.once('close', () => resolve('an end that comes after all that was on its way'));
    }
  });
  await once(socket, 'secureConnect');
  socket.write(question);
  await once(socket, 'data');
  socket.pause();
  await sleep(100);
  context.mock.timers.tick(30_000);
  await sleep(100);
  context.mock.timers.tick(30_000);
  await sleep(100);
  socket.resume();
  assert.match(await ended, /ECONNRESET/);
  await rm(folder, { recursive: true });
});
