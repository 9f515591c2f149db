import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseGlob } from './glob.ts';

for (const [pattern, good, bad] of [
  ['fedora/base', ['fedora/base'], ['fedora/base2', 'xfedora/base', 'fedora']],
  ['fedora/*', ['fedora/base', 'fedora/'], ['fedora/base/extra', 'fedora', 'fedora2/base']],
  ['fedora/**', ['fedora/base', 'fedora/a/b/c'], ['fedora', 'x/fedora/a']],
  ['**/base', ['fedora/base', 'a/b/base'], ['base', 'a/base/b']],
  ['4?', ['41', '4x'], ['4', '411', '4/']],
  ['4*.?', ['41.1', '4.0'], ['41', '5.1']],
  ['**', ['a', 'a/b', ''], []],
  ['*', ['a', ''], ['a/b']],
  ['a.b', ['a.b'], ['axb']],
  ['*a*b*', ['ab', 'xaybz'], ['ba', 'a/b']],
] as const) {
  test(`the pattern ${pattern} is compared with the whole text`, () => {
    for (const text of good) assert.equal(parseGlob(pattern)(text), true, text);
    for (const text of bad) assert.equal(parseGlob(pattern)(text), false, text);
  });
}

test('empty and overlong patterns are refused', () => {
  assert.throws(() => parseGlob(''), { code: 'CONFIG_INVALID' });
  assert.throws(() => parseGlob('a'.repeat(256)), { code: 'CONFIG_INVALID' });
});

test('property: a text without wildcards matches itself and nothing else', () => {
  const text = fc.stringMatching(/^[a-z0-9/._-]{1,40}$/);
  fc.assert(
    fc.property(text, text, (pattern, other) => {
      assert.equal(parseGlob(pattern)(pattern), true);
      assert.equal(parseGlob(pattern)(other), pattern === other);
    }),
  );
});

test('property: the answer is that of the regular expression that the pattern means', () => {
  const pattern = fc
    .array(fc.constantFrom('*', '**', '?', 'a', 'b', '/'), { minLength: 1, maxLength: 8 })
    .map((parts) => parts.join(''));
  const text = fc.stringMatching(/^[ab/]{0,10}$/);
  fc.assert(
    fc.property(pattern, text, (glob, value) => {
      const meant = glob.replaceAll(/\*\*|[*?]/g, (star) =>
        star === '**' ? '.*' : star === '*' ? '[^/]*' : '[^/]',
      );
      assert.equal(parseGlob(glob)(value), new RegExp(`^${meant}$`).test(value));
    }),
    { numRuns: 500 },
  );
});

test('a pattern made to be slow is not', () => {
  assert.equal(parseGlob(`${'*a'.repeat(100)}b`)('a'.repeat(200)), false);
});
