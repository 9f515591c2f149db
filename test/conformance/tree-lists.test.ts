import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { formatPublicationMarker } from '../../src/tree/publication-marker.ts';
import { type Digest, digestOf } from '../../src/oci/digest.ts';
import { buildFourPlatforms } from '../fakes/image-builder.ts';
import { type RegistryUnderTest, startRegistry } from './registry-under-test.ts';

interface Marker {
  readonly serial: number;
  readonly contents: { readonly digest: Digest; readonly size: number };
}

suite('what mirrors ask of the Mirror List beside content', () => {
  let registry: RegistryUnderTest;
  before(async () => {
    registry = await startRegistry({ originStreams: 1 });
  });
  after(() => registry[Symbol.asyncDispose]());
  const readMarker = async () => (await registry.ask('/publication.json')).json() as Marker;

  test('nothing is claimed before anything is published', async () => {
    assert.equal((await registry.ask('/publication.json')).status, 404);
    assert.equal((await registry.ask(`/contents/${digestOf('x')}`)).status, 404);
    assert.equal((await registry.ask('/contents/x')).status, 400);
    assert.equal((await registry.ask('/contents/../publication.json')).status, 400);
  });

  test('the marker leads to the index and to the list of each repository, with validators', async () => {
    await registry.publish('fedora/base', ['41'], buildFourPlatforms());
    await registry.listTree();
    const answer = await registry.ask('/publication.json');
    const { serial, contents } = answer.json() as Marker;
    assert.deepEqual(
      [answer.status, serial, answer.headers['cache-control']],
      [200, 1, 'public, max-age=10'],
    );
    const tag = answer.headers.etag ?? '';
    const again = await registry.ask('/publication.json', { headers: { 'If-None-Match': tag } });
    assert.deepEqual([again.status, again.body.length], [304, 0]);
    const head = await registry.ask('/publication.json', { method: 'HEAD' });
    assert.deepEqual([head.status, head.headers['content-length']], [200, String(answer.body.length)]);

    const index = await registry.ask(`/contents/${contents.digest}`);
    assert.equal(digestOf(index.body), contents.digest);
    const list = /^repository fedora\/base 1 (sha256:\w+) /m.exec(index.body.toString())?.[1] ?? '';
    const found = await registry.ask(`/contents/${list}`);
    assert.equal(digestOf(found.body), list);
    assert.match(found.headers['cache-control'] ?? '', /immutable/);
    const headers = { 'If-None-Match': `"${list}"` };
    assert.equal((await registry.ask(`/contents/${list}`, { headers })).status, 304);
    const described = await registry.ask(`/contents/${list}`, { method: 'HEAD' });
    assert.deepEqual([described.status, described.body.length], [200, 0]);
    // Whatever is named is answered, a second name of a manifest, which only mirrors have, by the first.
    for (const line of found.body.toString().trimEnd().split('\n').slice(1)) {
      const path = `/${line.split(' ')[0]?.replace(/\.(?:oci-index|docker-list|docker-manifest)$/, '')}`;
      assert.equal((await registry.ask(path)).status, 200, path);
    }
  });

  test('a publication is claimed only when all of it is answered', async () => {
    const before = await readMarker();
    const ahead = formatPublicationMarker({ ...before, serial: before.serial + 1 });
    await writeFile(join(registry.tree, 'publication.json'), ahead);
    assert.deepEqual(await readMarker(), before);
    await registry.publishBlob('fedora/base', Buffer.from('more'));
    assert.equal((await readMarker()).serial, before.serial + 1);
    await using started = await startRegistry();
    await writeFile(join(started.tree, 'publication.json'), ahead);
    const answer = await started.ask('/publication.json');
    assert.deepEqual([answer.status, answer.headers['retry-after']], [503, '1']);
  });
});
