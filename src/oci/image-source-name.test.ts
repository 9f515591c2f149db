import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isSignpostError } from './errors.ts';
import { formatImageSource, parseImageSource } from './image-source-name.ts';

const digest = `sha256:${'a'.repeat(64)}`;

test('a registry image is read with its tag, its digest, or "latest"', () => {
  const common = { kind: 'registry', host: 'images.example.org:5000', repository: 'fedora/base' };
  assert.deepEqual(parseImageSource('docker://images.example.org:5000/fedora/base:41'), {
    ...common,
    reference: '41',
  });
  assert.deepEqual(parseImageSource('docker://images.example.org:5000/fedora/base'), {
    ...common,
    reference: 'latest',
  });
  assert.deepEqual(parseImageSource(`docker://images.example.org:5000/fedora/base@${digest}`), {
    ...common,
    reference: digest,
  });
  assert.equal(parseImageSource('docker://[::1]:5000/a:b').kind, 'registry');
  assert.equal(parseImageSource('docker://localhost/a').kind, 'registry');
});

test('layouts and archives are read with and without a ref', () => {
  assert.deepEqual(parseImageSource('oci:/srv/layout'), { kind: 'oci', path: '/srv/layout' });
  assert.deepEqual(parseImageSource('oci:layout.tar:v1.0'), { kind: 'oci', path: 'layout.tar', ref: 'v1.0' });
  assert.deepEqual(parseImageSource('oci-archive:x.tar'), { kind: 'oci', path: 'x.tar' });
  assert.deepEqual(parseImageSource('docker-archive:x.tar:fedora/base:41'), {
    kind: 'docker-archive',
    path: 'x.tar',
    ref: 'fedora/base:41',
  });
});

test('images of stores are read by their name there, and nothing that another program might take for an option', () => {
  for (const kind of ['containers-storage', 'docker-daemon'] as const) {
    for (const ref of [
      'localhost/hello:1',
      'hello',
      `hello@${digest}`,
      '0123456789ab',
      '[vfs@/a+/b]localhost/hello:1',
    ]) {
      assert.deepEqual(parseImageSource(`${kind}:${ref}`), { kind, ref });
      assert.equal(formatImageSource(parseImageSource(`${kind}:${ref}`)), `${kind}:${ref}`);
    }
    for (const ref of ['', '--all', '-x', 'a b', 'a\nb', '[]x', '[a]', '$(x)', 'x'.repeat(5000)]) {
      assert.throws(
        () => parseImageSource(`${kind}:${ref}`),
        (error) => isSignpostError(error, 'REFERENCE_INVALID'),
      );
    }
  }
});

test('an entry of a layout is named by its digest or its position too', () => {
  for (const text of [`oci:a/b@${digest}`, `oci:a/b:@${digest}`, `oci:a/b:${digest}`]) {
    const name = parseImageSource(text);
    assert.deepEqual(name, { kind: 'oci', path: 'a/b', digest });
    assert.equal(formatImageSource(name), `oci:a/b@${digest}`);
  }
  for (const kind of ['oci', 'docker-archive'] as const) {
    assert.deepEqual(parseImageSource(`${kind}:x.tar:@12`), { kind, path: 'x.tar', position: 12 });
    assert.equal(formatImageSource(parseImageSource(`${kind}:x.tar:@12`)), `${kind}:x.tar:@12`);
  }
  assert.deepEqual(parseImageSource(`oci:a@${digest}:b`), {
    kind: 'oci',
    path: 'a@sha256',
    ref: `${'a'.repeat(64)}:b`,
  });
});

const refused = {
  '': 'expected "docker://',
  'fedora/base:41': 'expected "docker://',
  'dir:/tmp/x': 'expected "docker://',
  'docker:fedora': 'expected "//"',
  'docker://fedora': 'names no registry host',
  'docker://fedora/base': 'names no registry host',
  'docker:///base': 'names no registry host',
  'docker://a.example/Base': 'not a repository name',
  'docker://a.example/../x': 'not a repository name',
  'docker://a.example/x%2fy': 'not a repository name',
  'docker://a.example/x:': 'not a tag',
  'docker://a.example/x:a:b': 'not a tag',
  'docker://a.example/x@sha256:12': 'not a digest',
  [`docker://a.example/x:1@${digest}`]: 'both a tag and a digest',
  'docker://user@a.example/x': 'not a registry host',
  'docker://a.example:99999999/x': 'not a registry host',
  'oci:': 'names no file',
  'oci::ref': 'names no file',
  'oci:x\0y': 'NUL',
  'oci:x:': 'not a ref name',
  'oci:x:a b': 'not a ref name',
  'oci:x:@': 'not a ref name',
  'oci:x:@1.5': 'not a ref name',
  'oci:x:@-1': 'not a ref name',
  'oci:x:@12345678': 'not a ref name',
  [`oci:@${digest}`]: 'names no file',
  [`oci:${'x'.repeat(5000)}`]: 'longer than',
  [`oci:x:${'a'.repeat(600)}`]: 'not a ref name',
};

for (const [text, expected] of Object.entries(refused)) {
  test(`${JSON.stringify(text.slice(0, 40))} is refused: ${expected}`, () => {
    assert.throws(
      () => parseImageSource(text),
      (error) => isSignpostError(error, 'REFERENCE_INVALID') && error.message.includes(expected),
    );
  });
}

test('printing and reading are inverse', () => {
  const word = fc.stringMatching(/^[a-z0-9]{1,10}$/);
  const registry = fc
    .tuple(word, word, fc.oneof(word, fc.constant(digest)))
    .map(([host, repository, reference]) => {
      return `docker://${host}.example/${repository}${reference.includes(':') ? '@' : ':'}${reference}`;
    });
  const file = fc
    .tuple(fc.constantFrom('oci', 'docker-archive'), word, word)
    .map(([kind, path, ref]) => `${kind}:/${path}:${ref}`);
  fc.assert(
    fc.property(fc.oneof(registry, file), (text) => {
      assert.equal(formatImageSource(parseImageSource(text)), text);
    }),
  );
});

test('whatever it is given, it answers with a name or says why not', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 300 }), (text) => {
      try {
        parseImageSource(text);
      } catch (error) {
        assert.ok(isSignpostError(error, 'REFERENCE_INVALID'));
      }
    }),
  );
});
