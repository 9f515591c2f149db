import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type RequestListener, createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { fails } from '../../../test/fakes/expect-error.ts';
import { startForwardProxy } from '../../../test/fakes/forward-proxy.ts';
import { createLoopbackCertificate } from '../../../test/fakes/loopback-certificate.ts';
import { trustOnly } from './authorities.ts';
import { usualPatience } from './patience.ts';
import { readBounded } from './read-body.ts';
import { createTransport } from './transport.ts';

const certificate = await createLoopbackCertificate();
const trust = trustOnly(certificate.authority, '--ca');
const never = new AbortController().signal;

async function listen(context: TestContext, listener: RequestListener, secure: boolean): Promise<number> {
  const { certificate: cert, key } = certificate;
  const server = secure ? createTlsServer({ cert, key }, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A client that reaches everything by way of a proxy. */
function proxiedClient(context: TestContext, url: string, timeout = 5000, kept = 4) {
  const proxy = new URL(url);
  const options = { userAgent: 'test', timeout, kept, trust, chooseProxy: () => proxy };
  const transport = createTransport(options);
  context.after(() => transport.close());
  return async (address: string, headers = {}) => {
    const answer = await transport.send(new URL(address), { headers, signal: never });
    return (await readBounded(answer, 1000, usualPatience, never, 'it')).toString();
  };
}

test('https goes through a tunnel, whose credentials the server never sees', async (context) => {
  const seen: unknown[] = [];
  const port = await listen(
    context,
    ({ headers, url }, response) => {
      seen.push([url, headers['proxy-authorization'], headers.authorization]);
      response.end('hello');
    },
    true,
  );
  await using proxy = await startForwardProxy(port);
  const credentials = proxy.url.replace('//', '//us%40er:pass%3A@');
  const get = proxiedClient(context, credentials);
  // The name is one that the certificate has, and the port one that nobody listens on: only the proxy knows the way.
  assert.equal(await get('https://localhost:1/a?b=c', { authorization: 'Bearer x' }), 'hello');
  assert.equal(await get('https://localhost:1/d'), 'hello');
  assert.deepEqual(seen, [
    ['/a?b=c', undefined, 'Bearer x'],
    ['/d', undefined, undefined],
  ]);
  const authorization = `Basic ${Buffer.from('us@er:pass:').toString('base64')}`;
  assert.deepEqual(proxy.seen, [{ method: 'CONNECT', target: 'localhost:1', authorization }]);
});

test('the certificate behind a tunnel is checked for the name that was asked for', async (context) => {
  const port = await listen(context, (_request, response) => response.end('hello'), true);
  await using proxy = await startForwardProxy(port);
  const get = proxiedClient(context, proxy.url);
  await assert.rejects(get('https://images.example/'), fails('UNAVAILABLE', 'altnames'));
});

test('a certificate of an authority that is not known is named as such, with what to do', async (context) => {
  const port = await listen(context, (_request, response) => response.end('hello'), true);
  const url = new URL(`https://127.0.0.1:${port}/file`);
  const ask = async (ca: string | undefined) => {
    const transport = createTransport({
      userAgent: 'x',
      timeout: 5000,
      kept: 1,
      trust: trustOnly(ca, '--ca'),
    });
    context.after(() => transport.close());
    const { status, message } = await transport.send(url, { headers: {}, signal: never });
    message.destroy();
    return status;
  };
  assert.equal(await ask(certificate.authority), 200);
  await assert.rejects(ask(undefined), { code: 'UNAVAILABLE', message: /unknown authority.*--ca/ });
});

test('http is asked of the proxy whole', async (context) => {
  const port = await listen(context, ({ url }, response) => response.end(url), false);
  await using proxy = await startForwardProxy(port);
  const get = proxiedClient(context, proxy.url.replace('//', '//u:p@'));
  assert.equal(await get('http://images.example:5000/a?b=c'), '/a?b=c');
  const authorization = `Basic ${Buffer.from('u:p').toString('base64')}`;
  assert.deepEqual(proxy.seen, [
    { method: 'GET', target: 'http://images.example:5000/a?b=c', authorization },
  ]);
});

test('an address that was looked up is the one that the proxy connects to', async (context) => {
  const port = await listen(context, (_request, response) => response.end('hello'), true);
  await using proxy = await startForwardProxy(port);
  const url = new URL(proxy.url);
  const transport = createTransport({
    userAgent: 'x',
    timeout: 5000,
    kept: 0,
    trust,
    chooseProxy: () => url,
    resolver: { resolve: async () => ({ ok: true, addresses: [{ address: '192.0.2.7', family: 4 }] }) },
  });
  context.after(() => transport.close());
  const answer = await transport.send(new URL('https://localhost/'), { headers: {}, pin: {}, signal: never });
  answer.message.destroy();
  assert.deepEqual([answer.status, proxy.seen[0]?.target], [200, '192.0.2.7:443']);
});

test('a proxy that refuses, or that nobody is, is named without its password', async (context) => {
  await using proxy = await startForwardProxy(1);
  const get = proxiedClient(context, proxy.url.replace('//', '//me:secret@'));
  const withoutPassword = (text: string) => (error: unknown) =>
    fails('UNAVAILABLE', text)(error) && !String(error).includes('secret');
  proxy.refuse = 407;
  await assert.rejects(get('https://images.example/'), withoutPassword('wants a user and a password'));
  proxy.refuse = 403;
  await assert.rejects(
    get('https://images.example/'),
    withoutPassword('no connection to images.example:443'),
  );
  const nobody = proxiedClient(context, 'http://me:secret@127.0.0.1:1');
  await assert.rejects(nobody('https://images.example/'), withoutPassword('the proxy http://127.0.0.1:1'));
});

test('a proxy that never answers is given up, and stopped', async (context) => {
  await using proxy = await startForwardProxy(1);
  proxy.refuse = 0;
  const get = proxiedClient(context, proxy.url, 100);
  await assert.rejects(get('https://images.example/'), fails('UNAVAILABLE', '100 ms'));
  const chooseProxy = () => new URL(proxy.url);
  const transport = createTransport({ userAgent: 'x', timeout: 60_000, kept: 4, trust, chooseProxy });
  const stop = new AbortController();
  const asked = transport.send(new URL('https://images.example/'), { headers: {}, signal: stop.signal });
  stop.abort();
  await assert.rejects(asked, fails('CANCELLED', 'stopped'));
  transport.close();
});

test('a body that drips, stands still or ends early is told apart', async (context) => {
  const drip: RequestListener = (_request, response) => {
    const timer = setInterval(() => response.write('x'), 10);
    response.on('close', () => clearInterval(timer));
  };
  const stall: RequestListener = (_request, response) => void response.write('x');
  const end: RequestListener = (_request, response) => {
    response.writeHead(200, { 'content-length': 10 }).write('x', () => response.destroy());
  };
  for (const [listener, code, text] of [
    [drip, 'UNAVAILABLE', 'too slowly'],
    [stall, 'UNAVAILABLE', 'sent nothing'],
    [end, 'UNAVAILABLE', ''],
  ] as const) {
    const port = await listen(context, listener, false);
    const transport = createTransport({ userAgent: 'x', timeout: 5000, kept: 0 });
    const url = new URL(`http://127.0.0.1:${port}/`);
    const answer = await transport.send(url, { headers: {}, signal: never });
    const pace = { idle: 100, leastRate: 1000 };
    await assert.rejects(readBounded(answer, 1000, pace, never, 'it'), fails(code, text));
    transport.close();
  }
});
