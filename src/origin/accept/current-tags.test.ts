import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parseRegistryHost, parseRepositoryName } from '../../oci/reference.ts';
import { createCurrentTags } from './current-tags.ts';

const registry = parseRegistryHost('images.example.org');
const repository = parseRepositoryName('fedora/base');
const reference = 'images.example.org/fedora/base:41';
const list = digestOf('a list that cannot be read');

function createWorld(readManifest: () => Promise<Uint8Array>) {
  return createCurrentTags({
    registry,
    publications: {
      findTag: (of, tag) =>
        Promise.resolve(
          of === repository && tag === '41'
            ? { repository, tag, list, requestSerial: 1, expires: 1 }
            : undefined,
        ),
    },
    treeReader: { readManifest },
  });
}

test('a tag leads to its own list, and a name of another registry or repository leads nowhere', async () => {
  const isCurrent = createWorld(() => Promise.reject(new Error('nothing is to be read')));
  assert.equal(await isCurrent(repository, list, reference), true);
  assert.equal(await isCurrent(repository, list, 'images.example.org/fedora/base:42'), false);
  assert.equal(await isCurrent(repository, list, 'other.example.org/fedora/base:41'), false);
  assert.equal(await isCurrent(repository, list, 'images.example.org/fedora/other:41'), false);
});

test('of a list that is gone or damaged nobody knows what it names: its signatures are kept', async () => {
  const gone = createWorld(() => Promise.reject(new SignpostError('NOT_FOUND', 'gone')));
  assert.equal(await gone(repository, digestOf('a manifest'), reference), true);
  const damaged = createWorld(() => Promise.resolve(Buffer.from('something else')));
  assert.equal(await damaged(repository, digestOf('a manifest'), reference), true);
});

test('a disk that cannot be read is no answer', async () => {
  const broken = createWorld(() => Promise.reject(new SignpostError('STORAGE', 'the disk is broken')));
  await assert.rejects(broken(repository, digestOf('a manifest'), reference), /the disk is broken/);
});
