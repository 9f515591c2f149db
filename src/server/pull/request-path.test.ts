import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { digestOf, isDigest } from '../../oci/digest.ts';
import { isRepositoryName, isTagName } from '../../oci/reference.ts';
import { parseRequestPath } from './request-path.ts';

const digest = digestOf('x');

test('paths of the pull API are read', () => {
  const wanted: readonly [string, object][] = [
    ['/v2/', { kind: 'base' }],
    ['/v2', { kind: 'base' }],
    ['/healthz', { kind: 'health' }],
    ['/readyz', { kind: 'ready' }],
    ['/v2/a/manifests/latest', { kind: 'manifest-by-tag', repository: 'a', tag: 'latest' }],
    [`/v2/a/b-c/manifests/${digest}`, { kind: 'manifest', repository: 'a/b-c', digest }],
    [`/v2/a/b/blobs/${digest}?ns=docker.io`, { kind: 'blob', repository: 'a/b', digest }],
    [`/v2/a/b/blobs/${digest.replace(':', '%3A')}`, { kind: 'blob', repository: 'a/b', digest }],
    [`/v2/a/b/blobs/${digest}.meta4`, { kind: 'metalink', repository: 'a/b', digest }],
    [`/v2/a/b/blobs/${digest}?trace`, { kind: 'trace', repository: 'a/b', digest }],
    [`/v2/a/b/blobs/${digest}?ns=docker.io&trace=1`, { kind: 'trace', repository: 'a/b', digest }],
    ['/mirrors.json', { kind: 'mirrors' }],
    ['/mirrors/a/b', { kind: 'mirror-list', repository: 'a/b' }],
    ['/v2/a/tags/list?n=5', { kind: 'tags', repository: 'a', query: 'n=5' }],
    [
      `/v2/a/referrers/${digest}?artifactType=x/y`,
      { kind: 'referrers', repository: 'a', digest, query: 'artifactType=x/y' },
    ],
    ['/tuf/timestamp.json', { kind: 'metadata', file: { path: 'tuf/timestamp.json', immutable: false } }],
    [
      '/tuf/3.repository~a~b.json',
      { kind: 'metadata', file: { path: 'tuf/3.repository~a~b.json', immutable: true } },
    ],
    [
      '/v2/localhost:5000/a/b/_trust/tuf/root.json',
      { kind: 'metadata', file: { path: 'v2/localhost:5000/a/b/_trust/tuf/root.json', immutable: false } },
    ],
    [`/extensions/v2/a/b/signatures/${digest}`, { kind: 'signatures', repository: 'a/b', digest }],
    [
      `/signatures/a/b@${digest.replace(':', '=')}/signature-12`,
      { kind: 'lookaside', repository: 'a/b', digest, index: 12 },
    ],
    [`https://images.example.org/v2/a/blobs/${digest}`, { kind: 'blob', repository: 'a', digest }],
  ];
  for (const [path, parsed] of wanted) assert.deepEqual(parseRequestPath(path), parsed, path);
});

test('a repository may have parts that are words of the API', () => {
  for (const name of ['blobs', 'a/blobs', 'manifests/tags', 'tags/list', 'v2/referrers']) {
    assert.deepEqual(parseRequestPath(`/v2/${name}/manifests/1`), {
      kind: 'manifest-by-tag',
      repository: name,
      tag: '1',
    });
  }
});

test('an over-long target is refused before anything looks at it', () => {
  const parsed = parseRequestPath(`/v2/${'a'.repeat(1_000_000)}/manifests/1`);
  assert.equal(parsed.kind === 'refused' && parsed.error.status, 414);
});

test('a path of the lookaside without a number names nothing', () => {
  const folder = `/signatures/a/b@${digest.replace(':', '=')}`;
  for (const last of [
    '',
    '/',
    '/signature-',
    '/signature-0',
    '/signature-1x',
    '/signature-1000',
    '/x-1',
    '/signature-1/',
  ]) {
    const parsed = parseRequestPath(folder + last);
    assert.equal(parsed.kind === 'refused' && parsed.error.status, 404, last);
  }
});

const piece = fc.oneof(
  fc.constantFrom(
    '/',
    '..',
    '%2f',
    '%00',
    '%',
    'v2',
    'blobs',
    'manifests',
    'mirrors',
    '.meta4',
    '?trace',
    'tags',
    'list',
    'a',
    '@',
    '\\',
    '//',
    ':',
  ),
  fc.constantFrom(
    'signatures',
    'extensions',
    digest,
    digest.replace(':', '='),
    'signature-1',
    '?',
    '%25',
    '\0',
  ),
  fc.string({ maxLength: 8 }),
);

test('whatever comes, either it is refused with a 4xx or its parts are what their parsers let through', () => {
  let accepted = 0;
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const parsed = parseRequestPath(`/${pieces.join('')}`);
      if (parsed.kind === 'refused') {
        assert.ok(parsed.error.status >= 400 && parsed.error.status < 500);
        return;
      }
      accepted += 1;
      if ('repository' in parsed) assert.ok(isRepositoryName(parsed.repository));
      if ('digest' in parsed) assert.ok(isDigest(parsed.digest));
      if ('tag' in parsed) assert.ok(isTagName(parsed.tag));
      if ('index' in parsed) assert.ok(parsed.index >= 1 && parsed.index <= 999);
    }),
    { numRuns: 2000, examples: [[['v2/a/manifests/1']]] },
  );
  assert.ok(accepted > 0);
});
