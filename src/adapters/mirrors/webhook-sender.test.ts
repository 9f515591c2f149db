import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingHttpHeaders, type RequestListener, type Server, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { parseNetblock } from '../../net/netblock.ts';
import { type Lookup, createMirrorAddressResolver } from '../http-client/mirror-address-resolver.ts';
import { startForwardProxy } from '../../../test/fakes/forward-proxy.ts';
import { createWebhookSender } from './webhook-sender.ts';

const loopback = [parseNetblock('127.0.0.0/8')];
const options = {
  registry: 'images.example.org',
  version: '1.2.3',
  allowAddresses: loopback,
  certificateAuthorities: [],
};
const signal = new AbortController().signal;
const message = { headers: { 'signpost-delivery': '1' }, body: '{"event":"mirror.out"}' };

async function receive(context: TestContext, listener: RequestListener): Promise<string> {
  const server: Server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  context.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a real receiver gets the message as it is', async (context) => {
  const got: { headers: IncomingHttpHeaders; body: string; method: string | undefined }[] = [];
  const url = await receive(context, (request, response) => {
    void text(request).then((body) => {
      got.push({ headers: request.headers, body, method: request.method });
      response.writeHead(204).end();
    });
  });
  assert.deepEqual(await createWebhookSender(options).send({ url: `${url}/hook?a=b`, ...message }, signal), {
    ok: true,
  });
  const [{ headers, body, method } = { headers: {} as IncomingHttpHeaders, body: '', method: '' }] = got;
  assert.deepEqual([method, body], ['POST', message.body]);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['signpost-delivery'], '1');
  assert.match(headers['user-agent'] ?? '', /^signpost\/1\.2\.3 \(webhook; \+images\.example\.org\)$/);
});

test('what a receiver answers says whether another try may help', async (context) => {
  const url = await receive(context, ({ url = '' }, response) => {
    response.writeHead(Number(url.slice(1)), { location: 'http://127.0.0.1:1/' }).end('x'.repeat(100_000));
  });
  const cases: readonly [number, boolean][] = [
    [301, false],
    [307, false],
    [404, false],
    [410, false],
    [408, true],
    [429, true],
    [500, true],
    [503, true],
  ];
  for (const [status, again] of cases) {
    const outcome = await createWebhookSender(options).send({ url: `${url}/${status}`, ...message }, signal);
    assert.ok(!outcome.ok, String(status));
    assert.equal(outcome.again, again, String(status));
    assert.match(outcome.reason, new RegExp(String(status)));
  }
});

test('a URL that no message can go to is not tried again', async () => {
  for (const url of ['', 'ftp://example.org/', 'https://user:secret@example.org/']) {
    const outcome = await createWebhookSender(options).send({ url, ...message }, signal);
    assert.deepEqual(outcome.ok || outcome.again, false, url);
  }
});

test('no connection is made to an address inside, whatever its name says, or says the next time', async (context) => {
  let connected = 0;
  const url = await receive(context, (_request, response) => {
    connected += 1;
    response.end();
  });
  const strict = { ...options, allowAddresses: [] };
  const literal = await createWebhookSender(strict).send({ url, ...message }, signal);
  assert.deepEqual([literal.ok, !literal.ok && literal.again], [false, false]);

  // The first answer is an allowed address, each later one is not: what was checked is what is connected to.
  let asked = 0;
  let now = 0;
  const allowed = [parseNetblock('127.0.0.2/32')];
  const lookUp: Lookup = (_host, callback) => {
    asked += 1;
    callback(null, [{ address: asked === 1 ? '127.0.0.2' : '127.0.0.1', family: 4 }]);
  };
  const resolver = createMirrorAddressResolver(allowed, 'webhooks.allowAddresses', lookUp, () => now);
  const named = `http://hook.example:${new URL(url).port}/`;
  for (let round = 0; round < 4; round += 1) {
    const outcome = await createWebhookSender({ ...strict, resolver }).send(
      { url: named, ...message },
      signal,
    );
    assert.equal(outcome.ok, false);
    now += 60_000;
  }
  assert.ok(asked > 1);
  assert.equal(connected, 0);
  for (const wrong of ['ftp://hook.example/', 'https://me:secret@hook.example/', 'nonsense']) {
    assert.equal((await createWebhookSender(options).send({ url: wrong, ...message }, signal)).ok, false);
  }
});

test('a receiver that never answers is left when the server ends', async (context) => {
  const url = await receive(context, () => undefined);
  const outcome = await createWebhookSender(options).send({ url, ...message }, AbortSignal.timeout(100));
  assert.ok(!outcome.ok && outcome.again);
});

test('a receiver may be behind a proxy, which may know names that are not known here', async (context) => {
  const url = await receive(context, (_request, response) => response.end());
  await using proxy = await startForwardProxy(Number(new URL(url).port));
  const unknown = createMirrorAddressResolver([], 'x', (_host, callback) =>
    callback(Object.assign(new Error('no'), { code: 'ENOTFOUND' }), []),
  );
  const chooseProxy = () => new URL(proxy.url);
  const sender = createWebhookSender({ ...options, allowAddresses: [], resolver: unknown, chooseProxy });
  assert.deepEqual(await sender.send({ url: 'http://hook.example/a', ...message }, signal), { ok: true });
  assert.equal(proxy.seen[0]?.target, 'http://hook.example/a');
  const inside = await sender.send({ url, ...message }, signal);
  assert.deepEqual([inside.ok, proxy.seen.length], [false, 1]);
  const direct = createWebhookSender({ ...options, allowAddresses: [], resolver: unknown });
  assert.equal((await direct.send({ url: 'http://hook.example/a', ...message }, signal)).ok, false);
});
