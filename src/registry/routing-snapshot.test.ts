import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMemoryPublications } from '../../test/fakes/memory-publications.ts';
import { numberedMirror } from '../../test/fakes/mirrors.ts';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { parseRepositoryName, parseTagName } from '../oci/reference.ts';
import { pickProbeTarget } from './pick-probe-target.ts';
import { compileSnapshot } from './routing-snapshot.ts';

const repository = parseRepositoryName('fedora/base');
const other = parseRepositoryName('other/name');
const list = digestOf('list');
const blob = digestOf('blob');

async function world() {
  const { publications, content } = createMemoryPublications();
  await publications.publish({
    tags: [{ repository, tag: parseTagName('41'), list, requestSerial: 1, expires: 0 }],
    manifests: [{ repository, digest: list, mediaType: mediaTypes.ociIndex, size: 500 }],
    blobs: [{ repository, digest: blob, size: 2 ** 33 + 5 }],
  });
  return { publications, content };
}

test('a snapshot finds what is published, where it is published', async () => {
  const { content } = await world();
  const snapshot = await compileSnapshot(content, async () => {});
  assert.equal(snapshot.serial, 1);
  assert.deepEqual(snapshot.counts, { repositories: 1, tags: 1, manifests: 1, blobs: 1 });
  assert.equal(snapshot.findTag(repository, parseTagName('41')), list);
  assert.equal(snapshot.findTag(other, parseTagName('41')), undefined);
  assert.deepEqual(snapshot.findManifest(repository, list), { mediaType: mediaTypes.ociIndex, size: 500 });
  assert.equal(snapshot.findManifest(repository, blob), undefined);
  assert.deepEqual(snapshot.findBlob(repository, blob), { size: 2 ** 33 + 5, serial: 1 });
  assert.equal(snapshot.findBlob(other, blob), undefined);
  assert.equal(snapshot.tagNames(other), undefined);
});

test('a snapshot does not change when more is published', async () => {
  const { content, publications } = await world();
  const before = await compileSnapshot(content, async () => {});
  await publications.publish({
    tags: [],
    manifests: [],
    blobs: [{ repository: other, digest: blob, size: 1 }],
  });
  assert.equal(before.findBlob(other, blob), undefined);
  const after = await compileSnapshot(content, async () => {});
  assert.deepEqual(after.findBlob(other, blob), { size: 1, serial: 2 });
});

test('compiling gives the event loop its turn', async () => {
  const { content, publications } = await world();
  const blobs = Array.from({ length: 5000 }, (_, at) => ({
    repository,
    digest: digestOf(`${at}`),
    size: at,
  }));
  await publications.publish({ tags: [], manifests: [], blobs });
  let pauses = 0;
  await compileSnapshot(content, async () => {
    pauses += 1;
  });
  assert.ok(pauses >= 5);
});

test('probe targets are what the mirror carries and can have', async () => {
  const { content, publications } = await world();
  const late = digestOf('late');
  await publications.publish({
    tags: [],
    manifests: [],
    blobs: [{ repository: other, digest: late, size: 7 }],
  });
  const snapshot = await compileSnapshot(content, async () => {});
  const carrier = numberedMirror(1, { repositories: ['other/*'] });
  for (const random of [0, 0.49, 0.5, 0.999]) {
    assert.deepEqual(pickProbeTarget(snapshot, carrier, 2, random), {
      repository: other,
      digest: late,
      size: 7,
    });
    assert.equal(pickProbeTarget(snapshot, carrier, 1, random), undefined);
    assert.equal(pickProbeTarget(snapshot, numberedMirror(2), 1, random)?.digest, blob);
  }
});
