import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { manifestPath } from '../../src/adapters/tree/tree-paths.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { type BuiltList, buildFourPlatforms, buildImage } from '../fakes/image-builder.ts';
import { type RegistryUnderTest, startRegistry } from './registry-under-test.ts';

const repository = 'fedora/base';
const absent = digestOf('nobody published this');
const forever = 'public, max-age=31536000, immutable';

// RFC 9111: what caches between the registry and its clients may keep.
suite('Caching', () => {
  let registry: RegistryUnderTest;
  let list: BuiltList;
  before(async () => {
    registry = await startRegistry();
    list = buildFourPlatforms();
    await registry.publish(repository, ['41'], list, new Map([[list.digest, [Buffer.from('signature')]]]));
  });
  after(() => registry[Symbol.asyncDispose]());
  const lookaside = (digest: string, index: number) =>
    `/signatures/${repository}@${digest.replace(':', '=')}/signature-${index}`;

  test('what has a digest may be kept for ever', async () => {
    const [blob] = [...list.blobs.keys()];
    for (const path of [`manifests/${list.digest}`, `blobs/${blob}`]) {
      const answer = await registry.ask(`/v2/${repository}/${path}`);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers['cache-control'], forever, path);
    }
  });

  test('what the next publication may change is asked for again each time', async () => {
    for (const path of [
      `/v2/${repository}/manifests/41`,
      `/v2/${repository}/tags/list`,
      `/v2/${repository}/referrers/${list.digest}`,
      `/extensions/v2/${repository}/signatures/${list.digest}`,
      lookaside(list.digest, 1),
    ]) {
      const answer = await registry.ask(path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.headers['cache-control'], 'no-cache', path);
    }
  });

  test('errors are not kept', async () => {
    const [blob] = [...list.blobs.keys()];
    const errors: readonly [string, number, Record<string, string>?][] = [
      [`/v2/${repository}/manifests/none`, 404],
      [`/v2/${repository}/manifests/${absent}`, 404],
      [`/v2/${repository}/blobs/${absent}`, 404],
      [`/v2/${repository}/blobs/${blob}`, 416, { range: 'bytes=999999999-' }],
      ['/v2/nobody/tags/list', 404],
      [`/v2/${repository}/tags/list?n=x`, 400],
      [`/v2/${repository}/manifests/sha256:short`, 400],
      [lookaside(list.digest, 2), 404],
    ];
    for (const [path, status, headers = {}] of errors) {
      const answer = await registry.ask(path, { headers });
      assert.equal(answer.status, status, path);
      assert.equal(answer.headers['cache-control'], 'no-store', path);
    }
    const posted = await registry.ask(`/v2/${repository}/manifests/41`, { method: 'POST' });
    assert.equal(posted.headers['cache-control'], 'no-store');
  });

  test('every answer for a tag says that it depends on Accept', async () => {
    const tag = `/v2/${repository}/manifests/41`;
    const { etag = '' } = (await registry.ask(tag)).headers;
    const lost = buildImage({ layers: [{ x: 'x' }] });
    await registry.publish('fedora/gone', ['1'], lost);
    await rm(manifestPath(registry.tree, parseRepositoryName('fedora/gone'), lost.digest));
    const asked: readonly [string, number, Record<string, string>?][] = [
      [tag, 200],
      [tag, 200, { accept: 'application/vnd.oci.image.manifest.v1+json' }],
      [tag, 304, { 'if-none-match': etag }],
      [`/v2/${repository}/manifests/none`, 404],
      ['/v2/nobody/manifests/41', 404],
      ['/v2/fedora/gone/manifests/1', 404],
    ];
    for (const [path, status, headers = {}] of asked) {
      const answer = await registry.ask(path, { headers });
      assert.equal(answer.status, status, path);
      // What of a list is answered depends on the platform, too, which docker says in its User-Agent.
      const fromList = headers.accept !== undefined;
      assert.equal(answer.headers.vary, fromList ? 'Accept, User-Agent' : 'Accept', path);
    }
  });
});
