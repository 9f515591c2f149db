import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { createMessage, readPrivateKey, sign } from 'openpgp';
import { readVector, vectorClock, vectorFile, vectorTime } from '../../../test/fakes/vectors.ts';
import { createSignatureReader } from './signature-reader.ts';

const now = vectorClock.now();
const both = await createSignatureReader([vectorFile('both.asc')]);
const [rsa = '', ed = ''] = both.fingerprints;
const payload = readVector('payload.json');

test('signatures made by gpg are read: RSA and Ed25519, SHA-256 and SHA-512', async () => {
  for (const [name, fingerprint] of [
    ['rsa3072-expiring.sig', rsa],
    ['ed25519-expiring.sig', ed],
    ['ed25519-sha512.sig', ed],
  ] as const) {
    const evidence = both.read(readVector(name), now);
    assert.deepEqual(
      { ...evidence, payload: undefined },
      {
        kind: 'signed',
        fingerprint,
        payload: undefined,
        created: vectorTime,
        expires: vectorTime + 8_640_000_000,
      },
      name,
    );
    assert.ok(evidence.kind === 'signed' && payload.equals(evidence.payload), name);
  }
});

test('a signature without expiry says so', async () => {
  const evidence = both.read(readVector('rsa3072-endless.sig'), now);
  assert.equal(evidence.kind, 'signed');
  assert.equal(evidence.kind === 'signed' && evidence.expires, undefined);
});

test('an expired signature is still evidence: the policy judges its dates', async () => {
  const later = vectorTime + 86_400_000_000;
  const reader = await createSignatureReader([vectorFile('rsa3072.asc')]);
  assert.equal(reader.read(readVector('rsa3072-expiring.sig'), later).kind, 'signed');
});

test('a key that is not known is named by its ID', async () => {
  const evidence = both.read(readVector('other-expiring.sig'), now);
  const other = await createSignatureReader([vectorFile('other.pgp')]);
  assert.deepEqual(evidence, { kind: 'unknown-key', keyId: other.fingerprints[0]?.slice(-16) });
});

test('what a subkey signed is not accepted under its primary key', async () => {
  const reader = await createSignatureReader([vectorFile('subkey.pgp')]);
  assert.equal(reader.read(readVector('subkey.sig'), now).kind, 'unknown-key');
});

test('revoked and expired keys are of no use', async () => {
  const reader = await createSignatureReader([vectorFile('revoked.pgp'), vectorFile('expired.pgp')]);
  assert.equal(reader.read(readVector('revoked-key.sig'), now).kind, 'unusable-key');
  assert.equal(reader.read(readVector('expired-key.sig'), now).kind, 'unusable-key');
  assert.equal(reader.read(readVector('expired-key.sig'), vectorTime + 1000).kind, 'signed');
});

test('everything that is not exactly one strong signed message is forged', async () => {
  const expected: Record<string, RegExp> = {
    'bad-sha1.sig': /its hash is not SHA-256/,
    'bad-two-signatures.sig': /something after the signature/,
    'bad-armoured.sig': /not a binary OpenPGP message/,
    'bad-detached.sig': /not one signed message/,
    'bad-clear.sig': /not a binary OpenPGP message/,
    'bad-compressed.sig': /no definite length/,
    'bad-text.sig': /malformed/,
    'bad-truncated.sig': /cut off/,
    'bad-half.sig': /cut off/,
    'bad-trailing.sig': /something after the signature/,
    'bad-doubled.sig': /something after the signature/,
    'bad-payload.sig': /Signed digest did not match/,
  };
  for (const [name, reason] of Object.entries(expected)) {
    const evidence = both.read(readVector(name), now);
    assert.ok(evidence.kind === 'forged', `${name}: ${evidence.kind}`);
    assert.match(evidence.reason, reason, name);
  }
  for (const [bytes, reason] of [
    [Buffer.alloc(0), /not one signed message/],
    [Buffer.alloc(70_000, 0xc2), /more than 65536 bytes/],
    [Buffer.from([0xc4]), /cut off/],
    [Buffer.from([0xcb, 0xe0, 1]), /no definite length/],
    [Buffer.from([0xa3, 1]), /no definite length/],
  ] as const) {
    const evidence = both.read(bytes, now);
    assert.ok(evidence.kind === 'forged');
    assert.match(evidence.reason, reason);
  }
});

test('what a signature says must be understood is understood, or it does not hold', async () => {
  const signingKeys = await readPrivateKey({ binaryKey: vectorFile('ed25519.secret.pgp').bytes });
  const read = async (critical: boolean) =>
    both.read(
      await sign({
        message: await createMessage({ binary: payload, format: 'binary' }),
        signingKeys,
        signatureNotations: [
          { name: 'a@example.test', value: Buffer.from('b'), humanReadable: true, critical },
        ],
        date: new Date(vectorTime),
        format: 'binary',
      }),
      now,
    );
  assert.equal((await read(false)).kind, 'signed');
  const evidence = await read(true);
  assert.ok(evidence.kind === 'forged');
  assert.match(evidence.reason, /critical part that is not known/);
});

test('property: no flipped bit verifies with other content', async () => {
  for (const name of ['rsa3072-expiring.sig', 'ed25519-expiring.sig']) {
    const good = readVector(name);
    const original = both.read(good, now);
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length * 8 - 1), async (bit) => {
        const damaged = Buffer.from(good);
        const index = bit >> 3;
        damaged[index] = (damaged[index] ?? 0) ^ (1 << (bit & 7));
        const evidence = both.read(damaged, now);
        // A few bits are covered by nothing and mean nothing: the date in the literal packet, unhashed hints.
        if (evidence.kind === 'signed') assert.deepEqual(evidence, original);
        else refused += 1;
      }),
      { numRuns: 300 },
    );
    assert.ok(refused > 200, `${refused} of 300 were refused`);
  }
});

test('property: no bytes make the reader throw', async () => {
  const good = readVector('ed25519-expiring.sig');
  await fc.assert(
    fc.asyncProperty(
      fc.nat(good.length),
      fc.nat(60),
      fc.uint8Array({ maxLength: 60 }),
      async (at, length, bytes) => {
        const spliced = Buffer.concat([good.subarray(0, at), bytes, good.subarray(at + length)]);
        const evidence = both.read(spliced, now);
        assert.ok(['signed', 'forged', 'unknown-key'].includes(evidence.kind));
        if (evidence.kind === 'signed') assert.ok(payload.equals(evidence.payload));
      },
    ),
    { numRuns: 300 },
  );
});

test('key files: armoured or binary, one or several, one after the other', async () => {
  const binary = await createSignatureReader([vectorFile('both.pgp')]);
  assert.deepEqual(binary.fingerprints, both.fingerprints);
  const armour = readVector('rsa3072.asc');
  const twice = { name: 'two', bytes: Buffer.concat([armour, Buffer.from('\n'), readVector('both.asc')]) };
  assert.deepEqual((await createSignatureReader([twice])).fingerprints, both.fingerprints);
});

test('key files that are private, weak, of a kind that clients do not know, or none are refused by name', async () => {
  for (const [name, message] of [
    ['ed25519.secret.pgp', /ed25519\.secret\.pgp holds a private key/],
    ['rsa1024.pgp', /rsa1024\.pgp: key [0-9A-F]{40} is RSA with 1024 bits: expected 2048/],
    ['nistp256.pgp', /nistp256\.pgp: key [0-9A-F]{40} is of kind ecdsa/],
    ['payload.json', /payload\.json, which starts with .* holds no OpenPGP public keys/],
    ['bad-detached.sig', /holds no OpenPGP public keys/],
  ] as const) {
    await assert.rejects(createSignatureReader([vectorFile(name)]), { code: 'CONFIG_INVALID', message });
  }
});

test('a compressed message is read where that is asked for, whole and within its limit', async () => {
  const reader = await createSignatureReader([vectorFile('both.asc')], { compressed: true });
  const { bytes } = vectorFile('bad-compressed.sig');
  assert.equal(reader.read(bytes, now).kind, 'signed');
  assert.equal(reader.read(vectorFile('rsa3072-expiring.sig').bytes, now).kind, 'signed');
  const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024));
  for (const [message, reason] of [
    [Buffer.concat([bytes, Buffer.from([0])]), /something after/],
    [bytes.subarray(0, -4), /damaged/],
    [Buffer.from([0xa3, 3, 1, 2]), /another way than ZIP/],
    [Buffer.concat([Buffer.from([0xa3, 1]), bomb]), /too long/],
    [Buffer.concat([Buffer.from([0xa3, 1]), deflateRawSync(bytes)]), /no definite length/],
  ] as const) {
    const evidence = reader.read(message, now);
    assert.ok(evidence.kind === 'forged');
    assert.match(evidence.reason, reason);
  }
});
