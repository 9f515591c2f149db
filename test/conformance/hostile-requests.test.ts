import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, suite, test } from 'node:test';
import { buildFourPlatforms } from '../fakes/image-builder.ts';
import { type RegistryUnderTest, startRegistry } from './registry-under-test.ts';

const repository = 'fedora/base';

suite('hostile requests', () => {
  let registry: RegistryUnderTest;
  before(async () => {
    registry = await startRegistry({ limits: { headersTimeout: 300, requestTimeout: 600 } });
    await registry.publish(repository, ['41'], buildFourPlatforms());
  });
  after(() => registry[Symbol.asyncDispose]());

  test('paths that name nothing are refused, and reach no file', async () => {
    const hex = '0'.repeat(64);
    const paths = [
      '/v2/../../etc/passwd',
      '/v2/..%2f..%2fetc/manifests/passwd',
      '/v2/fedora%2fbase/manifests/41',
      '/v2/fedora%2Fbase/manifests/41',
      '/v2/fedora%252fbase/manifests/41',
      '/v2/fedora/base/manifests/41%00',
      '/v2/fedora/base/manifests/%',
      '/v2/fedora/base/manifests/%zz',
      '/v2/fedora/base/manifests/%c3%28',
      '/v2/fedora//base/manifests/41',
      '/v2//fedora/base/manifests/41',
      '/v2/fedora/base/manifests/..',
      '/v2/fedora/base/manifests/../../../publication.json',
      `/v2/fedora/base/blobs/sha256:${hex}/..`,
      `/v2/fedora/base/blobs/sha256:${'0'.repeat(63)}`,
      `/v2/fedora/base/blobs/sha256:${hex.replace('0', 'A')}`,
      '/v2/fedora/base/blobs/41',
      '/v2/FEDORA/base/manifests/41',
      `/v2/${'a/'.repeat(150)}manifests/41`,
      `/v2/${'a'.repeat(3000)}/manifests/41`,
      '/v2/fedora\\base/manifests/41',
      '/signatures/../../publication.json',
      `/signatures/fedora/base@sha256=${hex}/signature-1/..`,
      `/signatures/fedora/base@sha256=${hex}/signature-01`,
      `/extensions/v2/../signatures/sha256:${hex}`,
      '/publication.json',
      '/',
      '*',
      '//etc/passwd',
    ];
    for (const path of paths) {
      const answer = await registry.ask(path);
      assert.ok(answer.status >= 400 && answer.status < 500, `${path.slice(0, 60)}: ${answer.status}`);
      const { errors } = answer.json() as { errors: { code: string }[] };
      assert.match(errors[0]?.code ?? '', /^[A-Z_]+$/);
      assert.ok(answer.body.length < 1000);
    }
    assert.deepEqual(
      registry.lines.filter(({ level }) => level === 'error'),
      [],
    );
  });

  test('headers over the limit are 431, and many small ones are only slow to write', async () => {
    const long = await registry.ask('/v2/', { headers: { 'x-long': 'a'.repeat(20_000) } });
    assert.equal(long.status, 431);
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`x-${at}`, 'a']));
    assert.equal((await registry.ask('/v2/', { headers: many })).status, 200);
    const odd = {
      accept: ','.repeat(5000),
      range: 'bytes=' + '9'.repeat(5000),
      'if-none-match': '"'.repeat(3000),
    };
    assert.equal((await registry.ask(`/v2/${repository}/manifests/41`, { headers: odd })).status, 404);
  });

  test('a forged X-Forwarded-For from a peer that is no proxy is ignored', async () => {
    await registry.ask('/v2/', { headers: { 'x-forwarded-for': '198.51.100.7' } });
    assert.equal(registry.lines.at(-1)?.fields.client, '127.0.0.1');
  });

  test('a body is not read: the answer comes, and the connection ends', async () => {
    const text = await registry.raw(
      'GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\nsome of it',
    );
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(text, /\r\nConnection: close\r\n/i);
  });

  test('a client that never ends its headers is disconnected', async () => {
    const socket = connect(registry.port, '127.0.0.1');
    socket.write('GET /v2/ HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const drip = setInterval(() => socket.write('a'), 50);
    // The drip may meet a connection that is closed already: an error then, which once() would take for a failure.
    socket.on('error', () => undefined);
    socket.resume();
    await new Promise((resolve) => socket.once('close', resolve));
    clearInterval(drip);
  });

  test('pipelined requests are answered in order', async () => {
    const request = (path: string, rest = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${rest}\r\n`;
    const text = await registry.raw(
      request('/healthz') +
        request(`/v2/${repository}/manifests/41`) +
        request('/v2/nobody/home/tags/list') +
        request('/v2/', 'Connection: close\r\n'),
    );
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status);
    assert.deepEqual(statuses, ['200', '200', '404', '200']);
  });

  test('HTTP/1.0 is answered and closed; the absolute form is understood', async () => {
    assert.match(await registry.raw('GET /v2/ HTTP/1.0\r\n\r\n'), /^HTTP\/1\.1 200 OK[\s\S]*\r\n\r\n\{\}$/);
    const absolute = await registry.raw(
      `GET http://images.example.org/v2/${repository}/tags/list HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    assert.match(absolute, /"tags":\["41"\]/);
  });

  test('what is no HTTP is 400', async () => {
    assert.match(await registry.raw('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'), /^HTTP\/1\.1 400 /);
    assert.match(await registry.raw('GET /v2/ HTTP/1.1\r\n\r\n'), /^HTTP\/1\.1 400 /, 'no Host');
    const smuggled =
      'GET /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n';
    assert.match(await registry.raw(smuggled), /^HTTP\/1\.1 400 /);
  });

  test('health and readiness', async () => {
    assert.equal((await registry.ask('/healthz')).body.toString(), 'ok\n');
    assert.equal((await registry.ask('/readyz')).status, 200);
  });
});
