import { X509Certificate, createPrivateKey } from 'node:crypto';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get, createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { createCertificateAuthority } from './certificates.ts';

const day = 86_400_000;
const validity = { notBefore: Date.now() - 3_600_000, notAfter: Date.now() + day };

test('a server certificate names its hosts and chains to the authority', async () => {
  const authority = await createCertificateAuthority('Test authority', validity);
  const { certificate, key } = await authority.issue(['localhost', '127.0.0.1', '::1'], validity);
  const server = new X509Certificate(certificate);
  const issuer = new X509Certificate(authority.certificate);
  assert.equal(server.checkHost('localhost'), 'localhost');
  assert.equal(server.checkIP('127.0.0.1'), '127.0.0.1');
  assert.equal(server.checkIP('::1'), '::1');
  assert.equal(server.checkHost('example.org'), undefined);
  assert.ok(server.checkIssued(issuer));
  assert.ok(server.verify(issuer.publicKey));
  assert.ok(server.checkPrivateKey(createPrivateKey(key)));
  assert.equal(server.ca, false);
  assert.equal(issuer.ca, true);
  assert.equal(Date.parse(server.validTo), Math.floor(validity.notAfter / 1000) * 1000);
});

test('another authority with the same name does not vouch for it', async () => {
  const authority = await createCertificateAuthority('Test authority', validity);
  const other = await createCertificateAuthority('Test authority', validity);
  const { certificate } = await authority.issue(['localhost'], validity);
  assert.ok(!new X509Certificate(certificate).verify(new X509Certificate(other.certificate).publicKey));
});

test('Node accepts the certificate over TLS, and only for its names', async () => {
  const authority = await createCertificateAuthority('Test authority', validity);
  const { certificate, key } = await authority.issue(['127.0.0.1'], validity);
  const server = createServer({ cert: certificate, key }, (_, response) => response.end('hello'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = server.address() as AddressInfo;
    const status = (host: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        get({ host, port, ca: authority.certificate, agent: false }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode));
        }).on('error', reject);
      });
    assert.equal(await status('127.0.0.1'), 200);
    await assert.rejects(status('localhost'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test('openssl verifies the chain strictly for a TLS server', async (t) => {
  try {
    execFileSync('openssl', ['version']);
  } catch {
    t.skip('openssl is not installed');
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'signpost-certificates-'));
  try {
    const authority = await createCertificateAuthority('Test authority', validity);
    const { certificate } = await authority.issue(['localhost', '127.0.0.1'], validity);
    writeFileSync(join(folder, 'ca.pem'), authority.certificate);
    writeFileSync(join(folder, 'server.pem'), certificate);
    const verify = (...extra: readonly string[]) =>
      execFileSync(
        'openssl',
        ['verify', '-x509_strict', '-CAfile', 'ca.pem', '-purpose', 'sslserver', ...extra, 'server.pem'],
        { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
      );
    assert.match(verify('-verify_hostname', 'localhost'), /server\.pem: OK/);
    assert.match(verify('-verify_ip', '127.0.0.1'), /server\.pem: OK/);
    assert.throws(() => verify('-verify_ip', '127.0.0.2'), /IP address mismatch/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
