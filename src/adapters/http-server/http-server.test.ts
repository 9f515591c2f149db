import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type TLSSocket, connect as connectTls } from 'node:tls';
import { createLoopbackCertificate } from '../../../test/fakes/loopback-certificate.ts';
import { type RequestListener, defaultLimits, listenHttp } from './http-server.ts';

const address = { address: '127.0.0.1', port: 0 };
const quiet = () => {};
const log = { debug: quiet, info: quiet, warn: quiet, error: quiet };

test('a request under way is finished before the server ends, and idle connections are not waited for', async () => {
  const begun = Promise.withResolvers<() => void>();
  const server = await listenHttp(
    [address],
    (request, response) => {
      if (request.url !== '/slow') return response.end('quick');
      response.write('first ');
      begun.resolve(() => void response.end('last'));
      return response;
    },
    log,
  );
  const [url = ''] = server.urls;
  const agent = new Agent({ keepAlive: true });
  await read(`${url}/`, agent);
  const slow = read(`${url}/slow`, new Agent());
  const release = await begun.promise;
  const closing = server.close(10_000);
  await assert.rejects(read(`${url}/`, new Agent()), { code: 'ECONNREFUSED' });
  release();
  assert.equal(await slow, 'first last');
  await closing;
  agent.destroy();
});

test('what takes longer than the grace is cut off', async () => {
  const server = await listenHttp([address], (_, response) => void response.write('never ends'), log);
  const reading = read(server.urls[0] ?? '', new Agent());
  const failed = assert.rejects(reading);
  await sleep(50);
  await server.close(50);
  await failed;
});

test('an answer that nobody reads is given up', async () => {
  const gone = Promise.withResolvers<void>();
  const server = await listenHttp(
    [address],
    (_, response) => {
      response.on('close', gone.resolve);
      response.write(Buffer.alloc(50_000_000));
    },
    log,
    { ...defaultLimits, idleTimeout: 100 },
  );
  const socket = connect(Number(new URL(server.urls[0] ?? '').port), '127.0.0.1');
  socket.on('error', quiet);
  socket.pause();
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
  await gone.promise;
  socket.destroy();
  await server.close(0);
});

test('a client that sends requests without reading answers is cut off before its answers fill the memory', async () => {
  let answered = 0;
  const server = await listenHttp(
    [address],
    (_, response) => {
      answered += 1;
      response.end(Buffer.alloc(100_000));
    },
    log,
  );
  const socket = connect(Number(new URL(server.urls[0] ?? '').port), '127.0.0.1');
  socket.on('error', quiet);
  const closed = once(socket, 'close');
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2000));
  socket.resume();
  await closed;
  assert.equal(answered, defaultLimits.maxPipelined);
  await server.close(0);
});

test('a connection is good for any number of requests, and for a few at a time', async () => {
  const server = await listenHttp([address], (_, response) => void response.end('done'), log);
  const socket = connect(Number(new URL(server.urls[0] ?? '').port), '127.0.0.1');
  let text = '';
  socket.on('data', (piece: Buffer) => (text += piece.toString()));
  const rounds = 5;
  for (let round = 1; round <= rounds; round += 1) {
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(defaultLimits.maxPipelined));
    await waitFor(() => text.split('done').length - 1 === round * defaultLimits.maxPipelined);
  }
  socket.destroy();
  await server.close(0);
});

test('an address that cannot be had is an error, and the others are given back', async () => {
  const first = await listenHttp([address], (_, response) => void response.end(), log);
  const taken = Number(new URL(first.urls[0] ?? '').port);
  await assert.rejects(
    listenHttp([address, { address: '127.0.0.1', port: taken }], (_, response) => void response.end(), log),
    {
      code: 'CONFIG_INVALID',
      message: new RegExp(`cannot listen on 127.0.0.1 port ${taken}: another program listens there already`),
    },
  );
  await first.close(0);
});

test('a certificate is replaced when its files change, without dropping connections; a bad one is not used', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-tls-'));
  const files = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const write = async (certificate: string, key: string) => {
    await writeFile(`${files.certificate}.new`, certificate);
    await rename(`${files.certificate}.new`, files.certificate);
    await writeFile(files.key, key);
  };
  const [one, two] = [await createLoopbackCertificate(), await createLoopbackCertificate()];
  await write(one.certificate, one.key);
  const events: string[] = [];
  const note = (event: string) => void events.push(event);
  const server = await listenHttp(
    [{ ...address, tls: files }],
    (_, response) => void response.end('secret'),
    { ...log, info: note, error: note },
  );
  const port = Number(new URL(server.urls[0] ?? '').port);
  assert.match(server.urls[0] ?? '', /^https:/);

  const open = await dial(port, one.authority);
  await write(two.certificate, 'no key at all');
  await waitFor(() => events.includes('new certificate not used: the old one stays'));
  (await dial(port, one.authority)).destroy();

  await write(two.certificate, two.key);
  await waitFor(() => events.includes('certificate replaced'));
  (await dial(port, two.authority)).destroy();
  await assert.rejects(dial(port, one.authority));

  open.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  const [piece] = (await once(open, 'data')) as [Buffer];
  assert.match(piece.toString(), /^HTTP\/1\.1 200 OK/, 'the connection of before still works');
  open.destroy();
  await server.close(0);
  await rm(folder, { recursive: true });
});

test('a certificate that is not there, or fits no key, is an error at the start', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'signpost-tls-'));
  const tls = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  const listener: RequestListener = (_, response) => void response.end();
  const listening = () => listenHttp([{ ...address, tls }], listener, log);
  await assert.rejects(listening(), { code: 'CONFIG_INVALID', message: /cert\.pem/ });
  const [one, two] = [await createLoopbackCertificate(), await createLoopbackCertificate()];
  await writeFile(tls.certificate, one.certificate);
  await writeFile(tls.key, two.key);
  await assert.rejects(listening(), { code: 'CONFIG_INVALID' });
  await rm(folder, { recursive: true });
});

function read(url: string, agent: Agent): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get(url, { agent }, (response) => {
    let text = '';
    response.on('data', (piece: Buffer) => (text += piece.toString()));
    response.on('end', () => resolve(text));
    response.on('error', reject);
  }).on('error', reject);
  return promise;
}

async function dial(port: number, authority: string): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: authority });
  await once(socket, 'secureConnect');
  return socket;
}

async function waitFor(done: () => boolean): Promise<void> {
  for (let tries = 0; !done() && tries < 1000; tries += 1) await sleep(10);
  assert.ok(done());
}
