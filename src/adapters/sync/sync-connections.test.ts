import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createLoopbackCertificate } from '../../../test/fakes/loopback-certificate.ts';
import { trustOnly } from '../http-client/authorities.ts';
import { createMirrorAddressResolver } from '../http-client/mirror-address-resolver.ts';
import { createSyncConnections } from './sync-connections.ts';

test('a certificate of an authority that is not known is named as such, with what to do', async (t) => {
  const { authority, certificate, key } = await createLoopbackCertificate();
  const server = createServer({ cert: certificate, key }, (_request, response) => response.end('hello'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const url = new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/file`);
  const ask = async (ca: string | undefined) => {
    using connections = createSyncConnections({
      named: new Set([url.host]),
      resolver: createMirrorAddressResolver([], '--allow-address'),
      trust: trustOnly(ca, '--ca'),
      userAgent: 'test',
      parallel: 1,
      timeout: 5000,
    });
    const answer = await connections.get(url, {}, new AbortController().signal);
    if ('detail' in answer) return answer.detail;
    const { statusCode } = answer.response;
    answer.response.destroy();
    return statusCode;
  };
  assert.equal(await ask(authority), 200);
  assert.match(String(await ask(undefined)), /unknown authority.*--ca names further authorities/);
});
