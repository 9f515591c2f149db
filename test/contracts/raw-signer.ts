import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { test } from 'node:test';
import type { RawSigner } from '../../src/ports/raw-signing.ts';

/** What every RawSigner must do. `open` gives one; `skip` says why it cannot be had here. */
export function testRawSigner(
  name: string,
  open: () => Promise<RawSigner>,
  skip: string | false = false,
): void {
  test(`${name}: signatures hold, for bytes of any length`, { skip }, async () => {
    const signer = await open();
    const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' });
    assert.equal(signer.algorithm, 'ecdsa-p256');
    assert.equal(key.asymmetricKeyDetails?.namedCurve, 'prime256v1');
    for (const length of [0, 1, 32, 100_000]) {
      const bytes = Buffer.alloc(length, 'signpost');
      const signature = await signer.sign(bytes);
      assert.ok(verify('sha256', bytes, key, signature), `${length} bytes`);
      assert.ok(!verify('sha256', Buffer.concat([bytes, Buffer.from('x')]), key, signature));
    }
    await signer.close();
  });

  test(`${name}: signs several at once without mixing them up`, { skip }, async () => {
    const signer = await open();
    const key = createPublicKey({ key: Buffer.from(signer.publicKey), format: 'der', type: 'spki' });
    const all = Array.from({ length: 8 }, (_, index) => createHash('sha256').update(`${index}`).digest());
    const signatures = await Promise.all(all.map((bytes) => signer.sign(bytes)));
    for (const [index, bytes] of all.entries()) {
      assert.ok(verify('sha256', bytes, key, signatures[index] ?? Buffer.alloc(0)), `number ${index}`);
    }
    await signer.close();
  });
}
