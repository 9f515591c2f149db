import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignpostError } from './errors.ts';
import {
  formatTaggedReference,
  isRepositoryName,
  isTagName,
  parseDigestReference,
  parseRegistryHost,
  parseRepositoryName,
  parseTaggedReference,
  parseTagName,
} from './reference.ts';

const refused = (error: unknown) => isSignpostError(error, 'REFERENCE_INVALID');
const hex = 'a'.repeat(64);

test('repository names of the specification are read', () => {
  for (const name of ['a', 'fedora/base', 'a-b/c.d/e_f', 'a__b', 'a--b', '0/1/2', 'a'.repeat(200)]) {
    assert.equal(parseRepositoryName(name), name);
  }
});

test('anything else is not a repository name', () => {
  const wrong = [
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    '.',
    '..',
    'a/../b',
    'a/./b',
    '../etc',
    'A',
    'a b',
    'a\0b',
    'a\nb',
    'a%2fb',
    'a\\b',
    'a:b',
    'a@b',
    'ä',
    '_uploads',
    '-a',
    'a-',
    'a___b',
    'a._b',
    'a'.repeat(201),
    'a/\u{202e}b',
  ];
  for (const name of wrong) assert.throws(() => parseRepositoryName(name), refused, JSON.stringify(name));
});

test('a hostile name costs no time', () => {
  // Would take for ever with a pattern that backtracks.
  assert.ok(!isRepositoryName(`${'a-'.repeat(99)}!`));
  assert.ok(!isRepositoryName('a/'.repeat(1_000_000)));
});

test('tags of the specification are read, others are not', () => {
  for (const tag of ['latest', '_', '1.0', 'A-b_c.d', 'x'.repeat(128)]) assert.equal(parseTagName(tag), tag);
  for (const tag of ['', '.a', '-a', 'a/b', 'a:b', 'x'.repeat(129), 'a\n', 'a\0']) {
    assert.ok(!isTagName(tag));
    assert.throws(() => parseTagName(tag), refused);
  }
});

test('a reference with a tag is read and printed back', () => {
  const part = fc.stringMatching(/^[a-z0-9]{1,8}$/);
  fc.assert(
    fc.property(
      fc.array(part, { minLength: 1, maxLength: 4 }),
      fc.stringMatching(/^\w[\w.-]{0,20}$/),
      (parts, tag) => {
        const text = `${parts.join('/')}:${tag}`;
        assert.equal(formatTaggedReference(parseTaggedReference(text)), text);
      },
    ),
  );
});

test('a reference without a tag, or with a digest, is not one with a tag', () => {
  for (const text of ['a', 'a/b', 'host:5000/a', `a@sha256:${hex}`, `a:1@sha256:${hex}`, ':1', 'a:']) {
    assert.throws(() => parseTaggedReference(text), refused, text);
  }
});

test('a reference with a digest is read', () => {
  assert.deepEqual(parseDigestReference(`a/b@sha256:${hex}`), { repository: 'a/b', digest: `sha256:${hex}` });
  for (const text of ['a', 'a:1', `a@sha512:${hex}`, `A@sha256:${hex}`, `a@b@sha256:${hex}`]) {
    assert.throws(() => parseDigestReference(text), refused, text);
  }
});

test('registry hosts are names, addresses and ports, and nothing more', () => {
  for (const host of ['localhost', 'images.example.org', 'a-b.c:5000', '127.0.0.1:443', '[::1]:5000']) {
    assert.equal(parseRegistryHost(host), host);
  }
  for (const host of [
    '',
    'a/b',
    'user@host',
    'host:',
    'host:port',
    'http://a',
    '-a',
    'a..b',
    'a b',
    '::1',
    'a:123456',
  ]) {
    assert.throws(() => parseRegistryHost(host), refused, host);
  }
});
