import assert from 'node:assert/strict';
import { type RequestListener, createServer } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { type TestContext, suite, test } from 'node:test';
import { mirrorRegistryContract } from '../../../test/contracts/mirror-registry.ts';
import { createAdminWorld } from '../../../test/fakes/admin-world.ts';
import { author } from '../../../test/fakes/author.ts';
import { newMirror } from '../../../test/fakes/mirrors.ts';
import { isSignpostError } from '../../oci/errors.ts';
import type { MirrorId } from '../../mirrors/mirror.ts';
import { createAdminClient } from './admin-client.ts';
import { createFetchListener } from '../http-server/fetch-listener.ts';
import { type HttpServer, defaultLimits, listenHttp } from '../http-server/http-server.ts';
import { createRemoteMirrorRegistry } from './remote-mirror-registry.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** The real API, listening for real, on storage in memory. */
async function openWorld(limits = defaultLimits) {
  const world = createAdminWorld();
  const listener = createFetchListener(
    (request, env: { address: string }) => world.app.fetch(request, env),
    ({ socket }) => ({ address: socket.remoteAddress ?? '' }),
  );
  const server: HttpServer = await listenHttp([{ address: '127.0.0.1', port: 0 }], listener, silent, limits);
  const [url = ''] = server.urls;
  const token = await world.issue();
  const client = createAdminClient({ server: `${url}/`, token, version: '1.2.3' });
  return { world, url, token, registry: createRemoteMirrorRegistry(client), end: () => server.close(0) };
}

mirrorRegistryContract('over the management API', openWorld);

suite('a registry far away', () => {
  test('pages through all mirrors, with their states', async () => {
    const { world, registry, end } = await openWorld();
    for (let number = 0; number < 600; number += 1)
      await world.registry.add(newMirror({ name: `m-${number}` }), author);
    world.states.set(7 as MirrorId, {
      healthy: false,
      reason: 'timeout',
      since: 5000,
      serial: 3,
      ipv6: true,
      urls: [{ url: 'https://m-6.example.org', reachable: false, reason: 'timeout' }],
      warning: 'it claims more than it holds',
      responseTime: 12,
    });
    assert.deepEqual(await registry.list(), await world.registry.list());
    assert.deepEqual(await registry.states(), world.states);
    await end();
  });

  test('says what the server says', async () => {
    const { world, url, registry, end } = await openWorld();
    await assert.rejects(
      registry.add(newMirror({ urls: ['https://inside.example'] }), author),
      (error) => isSignpostError(error, 'USAGE') && /leads to 10\.0\.0\.1/.test(error.message),
    );
    const publisher = await world.issue({ role: 'publisher' });
    const looking = createRemoteMirrorRegistry(
      createAdminClient({ server: url, token: publisher, version: '1' }),
    );
    await assert.rejects(looking.add(newMirror(), author), (error) => isSignpostError(error, 'DENIED'));
    const wrong = createAdminClient({ server: url, token: `${publisher.slice(0, -2)}zz`, version: '1' });
    await assert.rejects(createRemoteMirrorRegistry(wrong).list(), (error) =>
      isSignpostError(error, 'DENIED'),
    );
    await end();
    await assert.rejects(registry.list(), (error) => isSignpostError(error, 'UNAVAILABLE'));
  });

  test('a body that trickles in for ever is cut by the listener', async () => {
    const { url, token, end } = await openWorld({
      ...defaultLimits,
      requestTimeout: 500,
      headersTimeout: 400,
    });
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    const head = `POST /mirrors HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n`;
    socket.write(`${head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{`);
    const dripping = setInterval(() => socket.write(' '), 50);
    // Being cut may come as an error, which once() would reject with.
    const { promise: cut, resolve } = Promise.withResolvers<void>();
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.resume();
    await cut;
    clearInterval(dripping);
    await end();
  });

  test('a request whose host makes no URL is answered, and the server goes on', async () => {
    const { url, end } = await openWorld();
    const { port } = new URL(url);
    const socket = connect(Number(port), '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a b c\r\nConnection: close\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    assert.match(answer.toString(), /^HTTP\/1\.1 400 /);
    socket.destroy();
    assert.equal((await fetch(`${url}/openapi.json`)).status, 200);
    await end();
  });
});

suite('a client of the management API', () => {
  const token = `signpost_0123456789abcdef_${'x'.repeat(43)}`;

  async function answering(context: TestContext, listener: RequestListener) {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await once(server, 'listening');
    context.after(() => server.closeAllConnections());
    context.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    return createRemoteMirrorRegistry(
      createAdminClient({ server: `http://127.0.0.1:${port}`, token, version: '1' }),
    );
  }

  test('sends a token over TLS or loopback alone', () => {
    const make = (server: string, text = token) => createAdminClient({ server, token: text, version: '1' });
    for (const server of [
      'https://admin.example',
      'http://[::1]:1/base/',
      'http://localhost',
      'http://127.9.9.9',
    ]) {
      assert.doesNotThrow(() => make(server), server);
    }
    for (const server of [
      'http://admin.example',
      'http://192.0.2.1',
      'ftp://127.0.0.1',
      'https://me@a.example',
      'https://a.example?x',
      'nonsense',
    ]) {
      assert.throws(
        () => make(server),
        (error) => isSignpostError(error, 'USAGE'),
        server,
      );
    }
    assert.throws(() => make('https://admin.example', 'secret'), /begins with "signpost_"/);
  });

  test('believes no server that answers nonsense, redirects, or does not end', async (context) => {
    const answers: readonly RequestListener[] = [
      (_, response) => response.end('nonsense'),
      (_, response) => response.end('[]'),
      (_, response) => response.end('{"version":1,"mirrors":[{}]}'),
      (_, response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(),
      (_, response) => response.writeHead(502).end('<html>'),
      (_, response) => response.end('{"version":1,"mirrors":[],"next":"a"}'),
      (_, response) => response.end(Buffer.alloc(40 * 1024 * 1024, 0x20)),
    ];
    for (const listener of answers) {
      const registry = await answering(context, listener);
      await assert.rejects(registry.list(), (error) => isSignpostError(error, 'UNAVAILABLE'));
    }
  });
});
