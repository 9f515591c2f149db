import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { toRawSignature } from './ecdsa-signature.ts';

const { privateKey, publicKey: key } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

test('property: a signature in DER and the same in r and s verify alike', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const raw = toRawSignature(sign('sha256', bytes, privateKey), 32);
      assert.equal(raw.length, 64);
      assert.ok(verify('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }, raw));
    }),
    { numRuns: 200 },
  );
});

test('short numbers are padded', () => {
  const raw = toRawSignature(Buffer.from('300702010102020080', 'hex'), 2);
  assert.equal(Buffer.from(raw).toString('hex'), '00010080');
});

test('what is not DER is refused', () => {
  for (const [hex, message] of [
    ['', /it is cut off/],
    ['3006020101020101ff', /something follows the end/],
    ['3009020101020101020101', /something follows s/],
    ['3003020101', /expected tag 0x2, found nothing/],
    ['3006020101040101', /expected tag 0x2, found 4/],
    ['3006020181020101', /negative or too long/],
    ['300702020001020101', /negative or too long/],
    ['30050200020101', /negative or too long/],
    ['30080203010000020101', /too large/],
    ['308106020101020101', /not in its shortest form/],
    ['30800201010201010000', /not definite/],
    ['1f06020101020101', /a tag is of more than one byte/],
    ['3085000000000602', /not definite/],
  ] as const) {
    assert.throws(
      () => toRawSignature(Buffer.from(hex, 'hex'), 2),
      { code: 'REQUEST_INVALID', message },
      hex,
    );
  }
});

test('property: no bytes make it throw anything else', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      try {
        toRawSignature(bytes, 32);
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'REQUEST_INVALID');
      }
    }),
  );
});
