import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readVector, vectorFile } from '../../../test/fakes/vectors.ts';
import { createSystemClock } from '../time/system-clock.ts';
import { createGpgSigner } from './openpgp-gpg-signer.ts';
import { createSignatureReader } from '../openpgp/signature-reader.ts';

const clock = createSystemClock();
const payload = readVector('payload.json');
const missing = spawnSync('gpg', ['--version']).status === 0 ? false : 'gpg is not installed';
let home = '';

function gpg(...arguments_: readonly string[]): void {
  const { status, stderr } = spawnSync('gpg', ['--homedir', home, '--batch', '--quiet', ...arguments_]);
  assert.equal(status, 0, stderr.toString());
}

before(() => {
  if (missing !== false) return;
  home = mkdtempSync(join(tmpdir(), 'signpost-gpg-'));
  for (const name of ['ed25519.secret.pgp', 'subkey.secret.pgp', 'rsa2048.secret.pgp']) {
    gpg('--import', join(import.meta.dirname, '../../../test/vectors/openpgp', name));
  }
});

after(() => {
  if (home === '') return;
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'gpg-agent']);
  rmSync(home, { recursive: true, force: true });
});

test('gpg signs with the primary key, also where there is a signing subkey', { skip: missing }, async () => {
  for (const name of ['ed25519.pgp', 'subkey.pgp']) {
    const reader = await createSignatureReader([vectorFile(name)]);
    const [fingerprint = ''] = reader.fingerprints;
    const signer = await createGpgSigner(
      { fingerprint: fingerprint.toLowerCase(), home, timeout: 20_000 },
      clock,
    );
    const expires = clock.now() + 90 * 86_400_000;
    const evidence = reader.read(await signer.sign(payload, clock.now(), expires), clock.now());
    assert.ok(evidence.kind === 'signed', `${name}: ${JSON.stringify(evidence)}`);
    assert.equal(evidence.fingerprint, fingerprint);
    assert.ok(payload.equals(evidence.payload));
    assert.ok(Math.abs((evidence.expires ?? 0) - expires) < 10_000);
    await signer.close();
  }
});

test(
  'fingerprints that gpg does not have, or that cannot sign for clients, are refused',
  { skip: missing },
  async () => {
    const weak = spawnSync('gpg', [
      '--homedir',
      home,
      '--with-colons',
      '--list-keys',
      'rsa2048',
    ]).stdout.toString();
    const [, rsa2048 = ''] = /^fpr:+([0-9A-F]{40}):/m.exec(weak) ?? [];
    for (const [fingerprint, code, message] of [
      ['rsa2048@example.org', 'USAGE', /is not a fingerprint/],
      ['--help', 'USAGE', /is not a fingerprint/],
      ['0'.repeat(40), 'NOT_FOUND', /gpg has no usable key 0000/],
      [rsa2048, 'CONFIG_INVALID', /is RSA with 2048 bits/],
    ] as const) {
      await assert.rejects(createGpgSigner({ fingerprint, home, timeout: 20_000 }, clock), { code, message });
    }
  },
);

test('what gpg says when it fails is passed on', { skip: missing }, async () => {
  const [fingerprint = ''] = (await createSignatureReader([vectorFile('ed25519.pgp')])).fingerprints;
  const signer = await createGpgSigner({ fingerprint, home, timeout: 20_000 }, clock);
  await assert.rejects(signer.sign(payload, 0, clock.now() - 1), { code: 'USAGE' });
  rmSync(join(home, 'private-keys-v1.d'), { recursive: true });
  await assert.rejects(signer.sign(payload, 0, clock.now() + 3_600_000), {
    code: 'DENIED',
    message: /gpg failed \(2\): .*secret key/i,
  });
});
