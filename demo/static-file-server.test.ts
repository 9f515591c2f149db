import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createCertificateAuthority } from './certificates.ts';
import { type Sent, startStaticFileServer } from './static-file-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-static-'));
const sent: Sent[] = [];
let server: Awaited<ReturnType<typeof startStaticFileServer>>;
let ca: string;

before(async () => {
  mkdirSync(join(folder, 'tree/v2/demo/blobs'), { recursive: true });
  writeFileSync(join(folder, 'tree/v2/demo/blobs/sha256:00'), '0123456789');
  writeFileSync(join(folder, 'tree/empty'), '');
  writeFileSync(join(folder, 'secret'), 'secret');
  symlinkSync('../secret', join(folder, 'tree/.hidden'));
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3_600_000 };
  const authority = await createCertificateAuthority('Test', validity);
  ca = authority.certificate;
  server = await startStaticFileServer({
    root: join(folder, 'tree'),
    address: '127.0.0.1',
    port: 0,
    ...(await authority.issue(['127.0.0.1'], validity)),
    onSent: (each) => sent.push(each),
  });
});

after(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

async function ask(method: string, path: string, headers: Record<string, string> = {}) {
  const { port } = server;
  return new Promise<{ status: number; headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    request({ host: '127.0.0.1', port, ca, method, path, headers, agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (piece: string) => (body += piece));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
      );
    })
      .on('error', reject)
      .end();
  });
}

const blob = '/v2/demo/blobs/sha256:00';

test('a file is sent whole, by part, or not at all, as HTTP has it', async () => {
  const whole = await ask('GET', blob);
  assert.deepEqual([whole.status, whole.body, whole.headers['content-length']], [200, '0123456789', '10']);
  assert.equal(whole.headers['content-encoding'], undefined);

  const part = await ask('GET', blob, { range: 'bytes=4-' });
  assert.deepEqual([part.status, part.body, part.headers['content-range']], [206, '456789', 'bytes 4-9/10']);

  const head = await ask('HEAD', blob);
  assert.deepEqual([head.status, head.body, head.headers['content-length']], [200, '', '10']);

  const beyond = await ask('GET', blob, { range: 'bytes=10-' });
  assert.deepEqual([beyond.status, beyond.headers['content-range']], [416, 'bytes */10']);

  const empty = await ask('GET', '/empty');
  assert.deepEqual([empty.status, empty.body], [200, '']);
});

test('what is no file of the tree is not found', async () => {
  const paths = ['/v2/demo/blobs', '/nothing', '/../secret', '/%2e%2e/secret', '/.hidden', '//empty', '/'];
  for (const path of paths) assert.equal((await ask('GET', path)).status, 404, path);
  assert.equal((await ask('PUT', blob)).status, 405);
});

test('each request is told with what was sent for it', async () => {
  sent.length = 0;
  await ask('GET', blob, { 'user-agent': 'test/1', range: 'bytes=0-3' });
  await ask('GET', '/nothing', { 'user-agent': 'test/1' });
  const common = { client: '127.0.0.1', userAgent: 'test/1' };
  assert.deepEqual(sent, [
    { path: blob, status: 206, bytes: 4, ...common },
    { path: '/nothing', status: 404, bytes: 0, ...common },
  ]);
});
