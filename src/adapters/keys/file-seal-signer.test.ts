import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseSealKey, readSealEvidence } from '../../trust/hand-off/seal.ts';
import { createFileSealSigner } from './file-seal-signer.ts';

const never = () => Promise.reject(new Error('the passphrase was asked for'));
const message = Buffer.from('what is sealed');
const pkcs8 = { format: 'pem', type: 'pkcs8' } as const;
const spki = { format: 'pem', type: 'spki' } as const;
const pem = (text: string | Buffer) => ({ name: 'own.pem', bytes: Buffer.from(text) });

const pairs = {
  ed25519: generateKeyPairSync('ed25519'),
  'P-256': generateKeyPairSync('ec', { namedCurve: 'prime256v1' }),
  'P-384': generateKeyPairSync('ec', { namedCurve: 'secp384r1' }),
};
const { ed25519 } = pairs;
const known = parseSealKey(ed25519.publicKey.export(spki), 'known');

for (const [name, { privateKey, publicKey }] of Object.entries(pairs)) {
  test(`what ${name} seals is known again by its public key`, async () => {
    const signer = await createFileSealSigner(pem(privateKey.export(pkcs8)), never);
    const key = parseSealKey(publicKey.export(spki), 'other.pem');
    const seal = await signer.seal(message);
    assert.deepEqual(readSealEvidence(seal, message, [key]), { kind: 'sealed', key: key.id });
    assert.deepEqual(readSealEvidence(seal, Buffer.from('something else'), [key]), {
      kind: 'forged',
      key: key.id,
    });
    assert.deepEqual(readSealEvidence(seal, message, []), { kind: 'unknown-key', key: key.id });
  });
}

test('nothing sealed is its own answer', () => {
  assert.deepEqual(readSealEvidence(undefined, message, [known]), { kind: 'unsealed' });
});

test('a seal under the name of another key is forged', async () => {
  const other = generateKeyPairSync('ed25519');
  const signer = await createFileSealSigner(pem(other.privateKey.export(pkcs8)), never);
  const { signature } = await signer.seal(message);
  assert.equal(readSealEvidence({ key: known.id, signature }, message, [known]).kind, 'forged');
});

test('property: no flipped bit of a seal or of what it seals holds', async () => {
  const signer = await createFileSealSigner(pem(ed25519.privateKey.export(pkcs8)), never);
  const { key, signature } = await signer.seal(message);
  const flip = (bytes: Uint8Array, bit: number) => {
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy;
  };
  fc.assert(
    fc.property(fc.nat(signature.length * 8 - 1), fc.nat(message.length * 8 - 1), (inSeal, inMessage) => {
      const broken = { key, signature: flip(signature, inSeal) };
      assert.equal(readSealEvidence(broken, message, [known]).kind, 'forged');
      assert.equal(readSealEvidence({ key, signature }, flip(message, inMessage), [known]).kind, 'forged');
    }),
  );
});

test('a passphrase is asked for, and a wrong one is told', async () => {
  const locked = ed25519.privateKey.export({ ...pkcs8, cipher: 'aes-256-cbc', passphrase: 'right' });
  const signer = await createFileSealSigner(pem(locked), () => Promise.resolve('right'));
  assert.equal(readSealEvidence(await signer.seal(message), message, [known]).kind, 'sealed');
  await assert.rejects(
    createFileSealSigner(pem(locked), () => Promise.resolve('wrong')),
    { code: 'DENIED', message: /cannot unlock own\.pem/ },
  );
});

test('keys of other kinds, private ones where public ones belong, and rubbish are refused', async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const koblitz = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  for (const { privateKey, publicKey } of [rsa, koblitz]) {
    await assert.rejects(createFileSealSigner(pem(privateKey.export(pkcs8)), never), {
      code: 'CONFIG_INVALID',
      message: /own\.pem is a key of type/,
    });
    assert.throws(() => parseSealKey(publicKey.export(spki), 'a.pub'), { code: 'CONFIG_INVALID' });
  }
  await assert.rejects(createFileSealSigner(pem('no key'), never), { code: 'CONFIG_INVALID' });
  assert.throws(() => parseSealKey(ed25519.privateKey.export(pkcs8), 'a.pub'), {
    code: 'CONFIG_INVALID',
    message: /a\.pub holds a private key/,
  });
  const twice = ed25519.publicKey.export(spki).repeat(2);
  for (const text of ['', 'no key', twice, '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----']) {
    assert.throws(() => parseSealKey(text, 'a.pub'), { code: 'CONFIG_INVALID' }, text);
  }
});
