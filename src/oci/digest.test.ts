import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestHex, digestMatches, digestOf, isDigest, parseDigest } from './digest.ts';
import { isSignpostError } from './errors.ts';

test('the digest of bytes is what sha256sum prints', () => {
  // printf '' | sha256sum; printf abc | sha256sum (FIPS 180-4, examples)
  assert.equal(digestOf(''), 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(digestOf('abc'), 'sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('what a digest is made of is read back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const digest = digestOf(bytes);
      assert.equal(parseDigest(digest), digest);
      assert.equal(`sha256:${digestHex(digest)}`, digest);
      assert.ok(digestMatches(digest, bytes));
    }),
  );
});

test('one flipped bit is another digest', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1 }), fc.nat(), (bytes, at) => {
      const digest = digestOf(bytes);
      const flipped = Uint8Array.from(bytes);
      const index = at % bytes.length;
      flipped[index] = (flipped[index] ?? 0) ^ (1 << (at % 8));
      assert.ok(!digestMatches(digest, flipped));
    }),
  );
});

test('everything else is refused, with what was expected', () => {
  const hex = 'a'.repeat(64);
  const wrong = [
    '',
    hex,
    `sha256:${hex.slice(1)}`,
    `sha256:${hex}a`,
    `sha256:${hex.toUpperCase()}`,
    `SHA256:${hex}`,
    `sha256-${hex}`,
    `sha512:${hex}${hex}`,
    ` sha256:${hex}`,
    `sha256:${hex}\n`,
    `sha256:${hex}\0`,
    `sha256:../${hex.slice(3)}`,
    7,
    null,
    undefined,
    [`sha256:${hex}`],
  ];
  for (const value of wrong) {
    assert.ok(!isDigest(value));
    assert.throws(
      () => parseDigest(value),
      (error) => isSignpostError(error, 'REFERENCE_INVALID') && /64 lower-case/.test(error.message),
    );
  }
});
