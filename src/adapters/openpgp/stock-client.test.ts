import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { buildImage } from '../../../test/fakes/image-builder.ts';
import { vectorFile } from '../../../test/fakes/vectors.ts';
import type { Signer } from '../../trust/signing.ts';
import { formatSimpleSigning } from '../../trust/simple-signing.ts';
import { createSystemClock } from '../time/system-clock.ts';
import { createFileSigner } from '../keys/openpgp-file-signer.ts';
import { createGpgSigner } from '../keys/openpgp-gpg-signer.ts';

// What counts is that stock clients believe our signatures: skopeo verifies as podman, CRI-O and buildah do.
const installed = (command: string) => spawnSync(command, ['--version']).status === 0;
const skip = installed('gpg') && installed('skopeo') ? false : 'gpg or skopeo is not installed';

const clock = createSystemClock();
const vectors = join(import.meta.dirname, '../../../test/vectors/openpgp');
const image = buildImage();
const reference = 'images.example.org/fedora/base:41';
const hour = 3_600_000;
let folder = '';
let signers: Readonly<Record<string, Signer>> = {};

before(async () => {
  if (skip !== false) return;
  folder = mkdtempSync(join(tmpdir(), 'signpost-skopeo-'));
  writeFileSync(join(folder, 'manifest.json'), image.manifest);
  for (const name of ['rsa3072.asc', 'ed25519.secret.pgp']) {
    const { status } = spawnSync('gpg', ['--homedir', folder, '--batch', '--import', join(vectors, name)]);
    assert.equal(status, 0);
  }
  const passphrase = () => Promise.resolve('correct horse');
  const ed25519 = await createFileSigner(vectorFile('ed25519.secret.pgp'), passphrase, clock);
  const { fingerprint } = ed25519;
  signers = {
    'key file, RSA': await createFileSigner(vectorFile('rsa3072.secret.asc'), passphrase, clock),
    'key file, Ed25519': ed25519,
    'gpg, Ed25519': await createGpgSigner({ fingerprint, home: folder, timeout: 20_000 }, clock),
  };
});

after(() => {
  if (folder === '') return;
  spawnSync('gpgconf', ['--homedir', folder, '--kill', 'gpg-agent']);
  rmSync(folder, { recursive: true, force: true });
});

async function verify(
  signer: Signer,
  content: { reference?: string; created?: number; expires?: number } = {},
): Promise<{ status: number | null; said: string }> {
  const now = clock.now();
  const payload = formatSimpleSigning({
    reference: content.reference ?? reference,
    digest: image.digest,
    creator: 'signpost',
    timestamp: Math.floor(now / 1000),
    serial: 7,
  });
  const signature = join(folder, 'signature');
  writeFileSync(signature, await signer.sign(payload, content.created ?? now, content.expires ?? now + hour));
  const { status, stdout, stderr } = spawnSync(
    'skopeo',
    ['standalone-verify', join(folder, 'manifest.json'), reference, signer.fingerprint, signature],
    { env: { PATH: process.env['PATH'], HOME: folder, GNUPGHOME: folder } },
  );
  return { status, said: `${stdout.toString()}${stderr.toString()}` };
}

test('skopeo verifies what every signer makes, with the serial in it', { skip }, async () => {
  assert.equal(Object.keys(signers).length, 3);
  for (const [name, signer] of Object.entries(signers)) {
    const { status, said } = await verify(signer);
    assert.equal(status, 0, `${name}: ${said}`);
    assert.match(said, new RegExp(image.digest), name);
  }
});

test('skopeo refuses an expired signature and one for another tag', { skip }, async () => {
  const signer = signers['key file, RSA'];
  assert.ok(signer !== undefined);
  const expired = await verify(signer, { created: clock.now() - 2 * hour, expires: clock.now() - hour });
  assert.notEqual(expired.status, 0);
  assert.match(expired.said, /Invalid GPG signature/);
  const moved = await verify(signer, { reference: 'images.example.org/fedora/base:42' });
  assert.notEqual(moved.status, 0);
  assert.match(moved.said, /does not match/i);
});

// Last: the key is of no use after this.
test('skopeo believes a key until its own copy of the key is revoked', { skip }, async () => {
  const signer = signers['key file, Ed25519'];
  assert.ok(signer !== undefined);
  assert.equal((await verify(signer)).status, 0);
  const revocation = join(folder, 'revocation.asc');
  const gpg = (...argv: readonly string[]) =>
    spawnSync(
      'gpg',
      [
        '--homedir',
        folder,
        '--no-tty',
        '--pinentry-mode',
        'loopback',
        '--passphrase',
        'correct horse',
        ...argv,
      ],
      { input: 'y\n0\n\ny\n' },
    );
  gpg('--command-fd', '0', '--status-fd', '1', '-o', revocation, '--gen-revoke', signer.fingerprint);
  const { status, stderr } = gpg('--batch', '--import', revocation);
  assert.equal(status, 0, stderr.toString());
  const revoked = await verify(signer);
  assert.notEqual(revoked.status, 0);
  assert.match(revoked.said, /Invalid GPG signature/);
});
