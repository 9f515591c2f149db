import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readVector, vectorClock, vectorFile } from '../../../test/fakes/vectors.ts';
import { createFileSigner } from './openpgp-file-signer.ts';
import { createSignatureReader } from '../openpgp/signature-reader.ts';

const payload = readVector('payload.json');
const now = vectorClock.now();
const life = 90 * 86_400_000;

function never(): Promise<string> {
  return Promise.reject(new Error('was asked for a passphrase'));
}

test('what it signs is read again with the public key that gpg exported', async () => {
  const signers = [
    await createFileSigner(
      vectorFile('rsa3072.secret.asc'),
      () => Promise.resolve('correct horse'),
      vectorClock,
    ),
    await createFileSigner(vectorFile('ed25519.secret.pgp'), never, vectorClock),
  ];
  const reader = await createSignatureReader([vectorFile('both.asc')]);
  assert.deepEqual(
    signers.map(({ fingerprint }) => fingerprint),
    reader.fingerprints,
  );
  for (const signer of signers) {
    const evidence = reader.read(await signer.sign(payload, now + 999, now + life), now);
    assert.ok(evidence.kind === 'signed');
    assert.ok(payload.equals(evidence.payload));
    assert.equal(evidence.fingerprint, signer.fingerprint);
    assert.equal(evidence.created, now);
    assert.equal(evidence.expires, now + life);
    await signer.close();
  }
});

test('its public key has nothing secret in it', async () => {
  const signer = await createFileSigner(vectorFile('ed25519.secret.pgp'), never, vectorClock);
  const bytes = signer.publicKey;
  const reader = await createSignatureReader([{ name: 'own', bytes }]);
  assert.deepEqual(reader.fingerprints, [signer.fingerprint]);
});

test('a key with a signing subkey signs with its primary key', async () => {
  const signer = await createFileSigner(vectorFile('subkey.secret.pgp'), never, vectorClock);
  const reader = await createSignatureReader([vectorFile('subkey.pgp')]);
  assert.equal(reader.read(await signer.sign(payload, now, now + life), now).kind, 'signed');
});

test('keys that stock clients could not verify are refused', async () => {
  for (const [name, message] of [
    ['rsa2048.secret.pgp', /the primary key is RSA with 2048 bits: expected 3072 or more/],
    ['nistp256.secret.pgp', /the primary key is of kind ecdsa/],
    ['expired.secret.pgp', /cannot be used: the key expired on 2026-01-31/],
    ['certonly.secret.pgp', /not meant for signing data/],
    ['ed25519.pgp', /is not an OpenPGP secret key/],
    ['payload.json', /is not an OpenPGP secret key/],
  ] as const) {
    await assert.rejects(createFileSigner(vectorFile(name), never, vectorClock), {
      code: 'CONFIG_INVALID',
      message,
    });
  }
});

test('a wrong passphrase is refused, and is not in the message', async () => {
  await assert.rejects(
    createFileSigner(vectorFile('rsa3072.secret.asc'), () => Promise.resolve('wrong horse'), vectorClock),
    (error: Error & { code?: string }) => error.code === 'DENIED' && !error.message.includes('wrong horse'),
  );
});

test('a signature that would not live, or longer than the format can say, is refused', async () => {
  const signer = await createFileSigner(vectorFile('ed25519.secret.pgp'), never, vectorClock);
  for (const expires of [now, now - 1000, now + 2 ** 32 * 1000]) {
    await assert.rejects(signer.sign(payload, now, expires), { code: 'USAGE' });
  }
});
