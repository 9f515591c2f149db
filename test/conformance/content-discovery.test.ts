import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { type BuiltList, type BuiltManifest, buildFourPlatforms } from '../fakes/image-builder.ts';
import { type RegistryUnderTest, startRegistry } from './registry-under-test.ts';

const repository = 'fedora/base';

suite('distribution-spec: Content Discovery', () => {
  let registry: RegistryUnderTest;
  let list: BuiltList;
  const tags = ['41', '40', 'latest', 'rawhide', 'A', 'z_9'];
  const sorted = ['40', '41', 'A', 'latest', 'rawhide', 'z_9'];
  before(async () => {
    registry = await startRegistry();
    list = buildFourPlatforms();
    await registry.publish(repository, [...tags, `sha256-${'0'.repeat(64)}.sig`], list);
  });
  after(() => registry[Symbol.asyncDispose]());
  const listTags = async (query: string) => {
    const answer = await registry.ask(`/v2/${repository}/tags/list${query}`);
    assert.equal(answer.status, 200, query);
    return { ...(answer.json() as { name: string; tags: string[] }), link: answer.headers.link };
  };

  test('Listing Tags: sorted, without the tags that carry signatures', async () => {
    assert.deepEqual(await listTags(''), { name: repository, tags: sorted, link: undefined });
  });

  test('Listing Tags: n and last', async () => {
    assert.deepEqual((await listTags('?n=2')).tags, ['40', '41']);
    assert.deepEqual((await listTags('?n=2&last=41')).tags, ['A', 'latest']);
    assert.deepEqual((await listTags('?last=41a')).tags, ['A', 'latest', 'rawhide', 'z_9']);
    assert.deepEqual((await listTags('?n=0')).tags, []);
    assert.deepEqual((await listTags('?n=100000000')).tags, sorted);
    assert.deepEqual((await listTags('?last=zzz')).tags, []);
  });

  test('Listing Tags: the Link header leads through all of them', async () => {
    const seen: string[] = [];
    let next: string | undefined = `/v2/${repository}/tags/list?n=1`;
    while (next !== undefined) {
      const answer = await registry.ask(next);
      seen.push(...(answer.json() as { tags: string[] }).tags);
      next = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link))?.[1];
      assert.ok(seen.length <= sorted.length, 'it ends');
    }
    assert.deepEqual(seen, sorted);
  });

  test('Listing Tags: those that carry signatures for who asks for all, page by page, or for everybody by a setting', async () => {
    const signature = `sha256-${'0'.repeat(64)}.sig`;
    const all = [...sorted, signature].sort();
    for (const query of ['?all', '?all=true', '?all=1']) assert.deepEqual((await listTags(query)).tags, all);
    for (const query of ['?all=false', '?all=0']) assert.deepEqual((await listTags(query)).tags, sorted);
    const seen: string[] = [];
    let next: string | undefined = `/v2/${repository}/tags/list?all&n=3`;
    while (next !== undefined) {
      const answer = await registry.ask(next);
      seen.push(...(answer.json() as { tags: string[] }).tags);
      next = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link))?.[1];
      assert.ok(seen.length <= all.length, 'it ends');
    }
    assert.deepEqual(seen, all);
    await using listing = await startRegistry({ settings: { listArtifactTags: true } });
    await listing.publish(repository, ['1', signature], list);
    const tagsOf = async (query: string) =>
      ((await listing.ask(`/v2/${repository}/tags/list${query}`)).json() as { tags: string[] }).tags;
    assert.deepEqual(await tagsOf(''), ['1', signature]);
    assert.deepEqual(await tagsOf('?all=false'), ['1']);
  });

  test('Listing Tags: an n that is no number is refused', async () => {
    for (const n of ['x', '-1', '1e9', '', '1'.repeat(30)]) {
      assert.equal((await registry.ask(`/v2/${repository}/tags/list?n=${n}`)).status, 400, n);
    }
  });

  test('Listing Referrers: an empty index for what has none, known or not', async () => {
    for (const [name, digest] of [
      [repository, list.digest],
      [repository, digestOf('unknown')],
      ['nobody/home', digestOf('unknown')],
    ]) {
      const answer = await registry.ask(`/v2/${name}/referrers/${digest}`);
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], mediaTypes.ociIndex);
      assert.equal(answer.headers['oci-filters-applied'], undefined);
      assert.deepEqual(answer.json(), { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [] });
    }
    assert.equal((await registry.ask(`/v2/${repository}/referrers/sha256:short`)).status, 400);
  });

  test('Listing Referrers: descriptors with type and annotations, and the filter', async () => {
    const [signature, sbom] = [
      artifact(list, 'application/vnd.example.signature', { one: '1' }),
      artifact(list, 'application/vnd.example.sbom'),
    ];
    for (const built of [signature, sbom]) await registry.publish(repository, [], built);
    const path = `/v2/${repository}/referrers/${list.digest}`;
    const all = (await registry.ask(path)).json() as { manifests: { digest: string }[] };
    assert.deepEqual(
      all.manifests.map(({ digest }) => digest),
      [signature.digest, sbom.digest].sort(),
    );
    const answer = await registry.ask(`${path}?artifactType=application%2Fvnd.example.signature`);
    assert.equal(answer.headers['oci-filters-applied'], 'artifactType');
    assert.deepEqual((answer.json() as { manifests: unknown }).manifests, [
      {
        mediaType: mediaTypes.ociManifest,
        digest: signature.digest,
        size: signature.manifest.length,
        artifactType: 'application/vnd.example.signature',
        annotations: { one: '1' },
      },
    ]);
    const nothing = await registry.ask(`${path}?artifactType=application/none`);
    assert.deepEqual((nothing.json() as { manifests: unknown }).manifests, []);
  });

  test('Listing Referrers: the tree has the same bytes, for mirrors to answer', async () => {
    const path = `/v2/${repository}/referrers/${list.digest}`;
    const answer = await registry.ask(path);
    assert.ok((answer.json() as { manifests: unknown[] }).manifests.length > 1);
    await registry.listTree();
    assert.deepEqual(await readFile(join(registry.tree, path)), answer.body);
  });

  test('Listing Referrers: a page stays small, and links lead to the rest', async () => {
    const padding = 'x'.repeat(300_000);
    const built = Array.from({ length: 6 }, (_, at) =>
      artifact(list, 'application/vnd.example.large', { padding, at: String(at) }),
    );
    for (const one of built) await registry.publish(repository, [], one);
    const seen: string[] = [];
    let pages = 0;
    let next: string | undefined =
      `/v2/${repository}/referrers/${list.digest}?artifactType=application%2Fvnd.example.large`;
    while (next !== undefined && pages < 10) {
      const answer = await registry.ask(next);
      assert.ok(answer.body.length < 2 * 1024 * 1024);
      seen.push(...(answer.json() as { manifests: { digest: string }[] }).manifests.map((one) => one.digest));
      next = /^<([^>]+)>; rel="next"$/.exec(String(answer.headers.link))?.[1];
      pages += 1;
    }
    assert.equal(pages, 2);
    assert.deepEqual(seen, built.map(({ digest }) => digest as string).sort());
  });
});

function artifact(
  subject: BuiltManifest,
  artifactType: string,
  annotations?: Readonly<Record<string, string>>,
): BuiltManifest {
  const empty = Buffer.from('{}');
  const config = { mediaType: mediaTypes.ociEmpty, digest: digestOf(empty), size: empty.length };
  const { mediaType, digest, size } = subject.descriptor;
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config,
      layers: [config],
      subject: { mediaType, digest, size },
      annotations,
    }),
  );
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(manifest), size: manifest.length };
  const built = {
    manifest,
    digest: descriptor.digest,
    mediaType: descriptor.mediaType,
    descriptor,
    blobs: new Map([[config.digest, empty]]),
  };
  return { ...built, manifests: new Map([[built.digest, { ...built, manifests: new Map() }]]) };
}
