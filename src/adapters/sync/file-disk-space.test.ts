import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { poolPath } from './blob-pool.ts';
import { createFileDiskSpace } from './file-disk-space.ts';
import { partialPath } from './mirror-paths.ts';
import { smallSize } from './small-files.ts';

describe('a file of a mirror needs room', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'signpost-space-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const digest = digestOf('content');
  const fileOf = (size: number) => ({ path: `v2/fedora/base/blobs/${digest}`, digest, size });
  const large = fileOf(2 * smallSize);
  const neededFor = (file: typeof large) => createFileDiskSpace(root).neededFor(file);
  const put = (path: string, size: number) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, Buffer.alloc(size));
  };

  test('for all of its bytes where nothing is there', () => {
    assert.equal(neededFor(large), large.size);
  });

  test('for none where its bytes are there under their other name, if all of them are', () => {
    const pool = poolPath(root, large) ?? assert.fail();
    put(pool, large.size - 1);
    assert.equal(neededFor(large), large.size);
    put(pool, large.size);
    assert.equal(neededFor(large), 0);
  });

  test('for what has not come in yet, and not for what a damaged file gives back', () => {
    put(partialPath(root, large), 1000);
    assert.equal(neededFor(large), large.size - 1000);
    put(join(root, large.path), 500);
    assert.equal(neededFor(large), large.size - 1500);
    put(join(root, large.path), 3 * large.size);
    assert.equal(neededFor(large), 0);
  });

  test('for all of it where it is small, since no part of it is kept', () => {
    const small = fileOf(smallSize);
    put(partialPath(root, small), 1000);
    assert.equal(neededFor(small), smallSize);
  });
});
