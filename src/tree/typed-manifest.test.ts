import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-types.ts';
import { parseContentPath } from './content-path.ts';
import { formatContentLine, parseContentLine } from './contents-list.ts';
import { parseTypedName, typedName } from './typed-manifest.ts';
import { parseRepositoryName } from '../oci/reference.ts';

const digest = digestOf('manifest');
const repository = parseRepositoryName('fedora/base.1');

test('each type but that of OCI images has a name of its own, and leads back to the digest', () => {
  const names = [mediaTypes.ociIndex, mediaTypes.dockerList, mediaTypes.dockerManifest].map((type) =>
    typedName(digest, type),
  );
  assert.deepEqual(names, [`${digest}.oci-index`, `${digest}.docker-list`, `${digest}.docker-manifest`]);
  for (const name of names) assert.equal(parseTypedName(name ?? ''), digest);
  assert.equal(typedName(digest, mediaTypes.ociManifest), undefined);
});

test('other names are none', () => {
  const names = [digest, `${digest}.`, `${digest}.oci`, `${digest}.oci-index.oci-index`, '.oci-index', ''];
  for (const name of [...names, `x${digest}.oci-index`, `${digest} .oci-index`, 'sha256:12.oci-index']) {
    assert.equal(parseTypedName(name), undefined, name);
  }
});

test('a contents list names it without a digest of its own, and it comes from where the pull API has the manifest', () => {
  const path = `v2/${repository}/manifests/${digest}.oci-index`;
  const found = parseContentPath(path) ?? assert.fail();
  const from = `v2/${repository}/manifests/${digest}`;
  assert.deepEqual(found, { path, kind: 'manifest', repository, digest, from });
  const line = formatContentLine({ ...found, size: 7 });
  assert.equal(line, `${path} 7`);
  assert.deepEqual(parseContentLine(line, repository), { ...found, size: 7 });
  assert.throws(() => parseContentLine(`${path} 7 ${digestOf('other')}`, repository), /contents list/);
  for (const other of ['blobs', 'referrers']) {
    assert.equal(parseContentPath(path.replace('manifests', other)), undefined);
  }
});
