import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Digest, digestOf } from '../../oci/digest.ts';
import { mediaTypes } from '../../oci/media-types.ts';
import { parseRepositoryName, parseTagName } from '../../oci/reference.ts';
import { type RepositoryContent, formatRepositoryPart, parseRepositoryPart } from './repository-part.ts';

const repository = parseRepositoryName('fedora/base');
const digests: readonly Digest[] = ['a', 'b', 'c'].map((text) => digestOf(text));
const [a = digestOf('a'), b = a, c = a] = digests;
const content: RepositoryContent = {
  tags: [
    { repository, tag: parseTagName('41'), list: a, requestSerial: 3, expires: 5000 },
    { repository, tag: parseTagName('42'), list: b, requestSerial: 4, expires: 6000 },
  ],
  manifests: [
    { repository, digest: a, mediaType: mediaTypes.ociIndex, size: 10 },
    {
      repository,
      digest: b,
      mediaType: mediaTypes.ociManifest,
      size: 20,
      subject: a,
      artifactType: 'application/x',
      annotations: { key: 'value' },
    },
  ],
  blobs: [{ repository, digest: c, size: 2 ** 40, serial: 2 }],
};

test('what a repository has is read again, sorted', () => {
  const sorted = {
    ...content,
    manifests: content.manifests.toSorted((x, y) => (x.digest < y.digest ? -1 : 1)),
  };
  assert.deepEqual(parseRepositoryPart(repository, formatRepositoryPart(content)), sorted);
});

test('the same content gives the same bytes, in whatever order it comes', () => {
  const turned = { ...content, tags: content.tags.toReversed(), manifests: content.manifests.toReversed() };
  assert.deepEqual(formatRepositoryPart(turned), formatRepositoryPart(content));
});

test('anything else is refused', () => {
  for (const text of [
    '',
    '[]',
    '{}',
    '{"tags":[],"manifests":[],"blobs":[["x",1,1]]}',
    '{"tags":[[1]],"manifests":[],"blobs":[]}',
  ]) {
    assert.throws(
      () => parseRepositoryPart(repository, Buffer.from(text)),
      { code: 'REQUEST_INVALID' },
      text,
    );
  }
});
