import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { test } from 'node:test';
import { findFreePort } from './free-port.ts';

test('a port that somebody has is refused with what to do, and is free once they are gone', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await assert.rejects(findFreePort('127.0.0.1', port), {
    code: 'USAGE',
    message: new RegExp(`port ${port} of 127\\.0\\.0\\.1 is in use: choose another with --port`),
  });
  server.close();
  await once(server, 'close');
  assert.equal(await findFreePort('127.0.0.1', port), port);
});

test('0 finds one', async () => {
  assert.ok((await findFreePort('127.0.0.1', 0)) > 0);
});

test('an address that this machine does not have is named', async () => {
  await assert.rejects(findFreePort('192.0.2.1', 0), { code: 'UNAVAILABLE', message: /192\.0\.2\.1/ });
});
