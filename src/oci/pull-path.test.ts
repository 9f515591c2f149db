import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printPullPath, splitPullPath } from './pull-path.ts';

const names = fc.array(fc.constantFrom('fedora', 'blobs', 'v2', 'manifests', 'a-b'), { minLength: 1 });

test('what is printed is split into the same, whatever the parts of a name are called', () => {
  fc.assert(
    fc.property(names, fc.constantFrom('blobs', 'manifests', 'tags', 'referrers'), (parts, kind) => {
      const repository = parts.join('/');
      const path = printPullPath(repository, kind, 'sha256:1');
      assert.deepEqual(splitPullPath(path.slice('v2/'.length)), { repository, kind, reference: 'sha256:1' });
    }),
  );
});

test('a path of fewer than three parts is none', () => {
  for (const path of ['', '/', 'a', 'a/b', '/blobs/x', '//']) assert.equal(splitPullPath(path), undefined);
});
