import assert from 'node:assert/strict';
import { test } from 'node:test';
import { enums, readKey, readPrivateKey } from 'openpgp';
import { createSigningKey } from './signing-key.ts';

test('the primary key itself signs, of the kind that podman and skopeo take', async () => {
  const made = await createSigningKey('Somebody', Date.now());
  const key = await readPrivateKey({ armoredKey: made.privateKey });
  assert.equal(key.isDecrypted(), true);
  assert.equal(key.subkeys.length, 0);
  assert.equal(key.keyPacket.algorithm, enums.publicKey.eddsaLegacy);
  const signing = await key.getSigningKey();
  assert.equal(signing.getFingerprint(), key.getFingerprint());
  const publicKey = await readKey({ armoredKey: made.publicKey });
  assert.equal(publicKey.isPrivate(), false);
  assert.equal(publicKey.getFingerprint(), key.getFingerprint());
});
