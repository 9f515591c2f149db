import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';

test('keys are sorted and nothing is put between them', () => {
  assert.equal(
    canonicalJson({ b: [1, null, true], a: { d: '', c: 'x' } }),
    '{"a":{"c":"x","d":""},"b":[1,null,true]}',
  );
});

test('only the quotation mark and the backslash are escaped', () => {
  assert.equal(canonicalJson('a"b\\c/<>&'), String.raw`"a\"b\\c/<>&"`);
});

test('a line feed stays one', () => {
  assert.equal(canonicalJson('a\nb'), '"a\nb"');
});

test('what implementations write differently is refused', () => {
  for (const value of [1.5, -0, 2 ** 53, 'é', 'a\tb', { é: 1 }, undefined]) {
    assert.throws(() => canonicalJson(value), { code: 'REQUEST_INVALID' });
  }
});

test('what it writes is JSON and reads as the same value, in any order of keys', () => {
  const ascii = fc.string({ unit: 'grapheme-ascii', maxLength: 8 });
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 },
      ascii,
      fc.maxSafeInteger().map((number) => number + 0),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie('any'), { maxLength: 4 }),
      fc
        .uniqueArray(ascii, { maxLength: 4 })
        .chain((keys) =>
          fc
            .tuple(...keys.map(() => tie('any')))
            .map((fields) => Object.fromEntries(keys.map((key, at) => [key, fields[at]]))),
        ),
    ),
  })).any;
  fc.assert(
    fc.property(value, (one) => {
      const text = canonicalJson(one);
      assert.equal(canonicalJson(JSON.parse(text)), text);
    }),
  );
});
