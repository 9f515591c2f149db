import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, suite, test } from 'node:test';
import { manifestPath } from '../../src/adapters/tree/tree-paths.ts';
import { digestOf } from '../../src/oci/digest.ts';
import { mediaTypes } from '../../src/oci/media-types.ts';
import { parseRepositoryName } from '../../src/oci/reference.ts';
import { type BuiltList, buildFourPlatforms, buildImage, buildList } from '../fakes/image-builder.ts';
import { type RegistryUnderTest, startRegistry } from './registry-under-test.ts';

const repository = 'fedora/base';
const absent = digestOf('nobody published this');

// The section names are those of distribution-spec 1.1.
suite('distribution-spec: Pull', () => {
  let registry: RegistryUnderTest;
  let list: BuiltList;
  before(async () => {
    registry = await startRegistry();
    list = buildFourPlatforms();
    await registry.publish(repository, ['41', 'latest'], list);
  });
  after(() => registry[Symbol.asyncDispose]());

  test('Determining Support: /v2/ answers 200, {}, and offers signatures', async () => {
    for (const path of ['/v2/', '/v2']) {
      const answer = await registry.ask(path);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.json(), {});
      assert.equal(answer.headers['docker-distribution-api-version'], 'registry/2.0');
      assert.equal(answer.headers['x-registry-supports-signatures'], '1');
    }
  });

  test('Pulling manifests: by tag and by digest, byte for byte, with the headers that clients pin', async () => {
    for (const reference of ['41', 'latest', list.digest, encodeURIComponent(list.digest)]) {
      const answer = await registry.ask(`/v2/${repository}/manifests/${reference}`);
      assert.equal(answer.status, 200, reference);
      assert.deepEqual(answer.body, list.manifest);
      assert.equal(answer.headers['docker-content-digest'], list.digest);
      assert.equal(answer.headers['content-type'], list.mediaType);
      assert.equal(answer.headers['content-length'], String(list.manifest.length));
    }
    for (const image of list.images) {
      const answer = await registry.ask(`/v2/${repository}/manifests/${image.digest}`);
      assert.deepEqual(answer.body, image.manifest);
      assert.equal(answer.headers['content-type'], image.mediaType);
    }
  });

  test('Pulling manifests: HEAD has the headers of GET and no body', async () => {
    for (const reference of ['41', list.digest]) {
      const path = `/v2/${repository}/manifests/${reference}`;
      const [get, head] = [await registry.ask(path), await registry.ask(path, { method: 'HEAD' })];
      assert.equal(head.status, 200);
      assert.equal(head.body.length, 0);
      for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag']) {
        assert.equal(head.headers[name], get.headers[name], name);
      }
    }
  });

  test('Pulling manifests: If-None-Match answers 304 without a body', async () => {
    const path = `/v2/${repository}/manifests/41`;
    const { etag = '' } = (await registry.ask(path)).headers;
    for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await registry.ask(path, { headers: { 'if-none-match': value } });
      assert.equal(answer.status, 304, value);
      assert.equal(answer.body.length, 0);
    }
    assert.equal((await registry.ask(path, { headers: { 'if-none-match': '"other"' } })).status, 200);
  });

  test('Pulling manifests: what does not exist is 404 with an error code', async () => {
    const wanted: readonly [string, string][] = [
      [`/v2/${repository}/manifests/absent`, 'MANIFEST_UNKNOWN'],
      [`/v2/${repository}/manifests/.INVALID_MANIFEST_NAME`, 'MANIFEST_UNKNOWN'],
      [`/v2/${repository}/manifests/${absent}`, 'MANIFEST_UNKNOWN'],
      [`/v2/${repository}/manifests/sha512:${'0'.repeat(128)}`, 'MANIFEST_UNKNOWN'],
      [`/v2/nobody/home/manifests/41`, 'NAME_UNKNOWN'],
      [`/v2/${repository}/blobs/${absent}`, 'BLOB_UNKNOWN'],
      [`/v2/nobody/home/blobs/${absent}`, 'NAME_UNKNOWN'],
      [`/v2/nobody/home/tags/list`, 'NAME_UNKNOWN'],
    ];
    for (const [path, code] of wanted) {
      const answer = await registry.ask(path);
      assert.equal(answer.status, 404, path);
      assert.equal(codeOf(answer.json()), code, path);
      assert.equal((await registry.ask(path, { method: 'HEAD' })).status, 404, path);
    }
  });

  test('Pulling manifests: content of one repository is not served under another', async () => {
    await registry.publish('other/name', ['1'], buildList([buildImage({ command: ['/other'] })]));
    assert.equal((await registry.ask(`/v2/other/name/manifests/${list.digest}`)).status, 404);
  });

  test('Pulling manifests: a client that knows no lists gets the list’s own linux/amd64 manifest', async () => {
    const [amd64] = list.images;
    const accept = `${mediaTypes.ociManifest}, ${mediaTypes.dockerManifest}`;
    for (const method of ['GET', 'HEAD']) {
      const answer = await registry.ask(`/v2/${repository}/manifests/41`, { method, headers: { accept } });
      assert.equal(answer.status, 200);
      assert.equal(answer.headers['content-type'], mediaTypes.ociManifest);
      assert.equal(answer.headers['docker-content-digest'], amd64?.digest);
      if (method === 'GET') assert.deepEqual(answer.body, amd64?.manifest);
    }
  });

  test('Pulling manifests: a client that knows no lists gets the only manifest, or docker that for its platform', async () => {
    const arm = buildImage({ platform: 'linux/arm64/v8', command: ['/arm'] });
    await registry.publish('only/arm', ['1'], buildList([arm]));
    const docker = 'docker/20.10.24 go/go1.19.8 os/linux arch/arm64 UpstreamClient(Docker-Client/20.10.24)';
    const asked: readonly [string, string, string | undefined][] = [
      ['/v2/only/arm/manifests/1', 'Helm/3.19.0', arm.digest],
      [`/v2/${repository}/manifests/41`, docker, list.images[1]?.digest],
      [`/v2/${repository}/manifests/41`, 'Helm/3.19.0', list.images[0]?.digest],
    ];
    for (const [path, userAgent, digest] of asked) {
      const headers = { accept: mediaTypes.ociManifest, 'user-agent': userAgent };
      const get = await registry.ask(path, { headers });
      assert.equal(digestOf(get.body), digest);
      const head = await registry.ask(path, { method: 'HEAD', headers });
      for (const name of ['content-type', 'content-length', 'docker-content-digest', 'etag', 'vary']) {
        assert.equal(head.headers[name], get.headers[name], name);
      }
      assert.equal(get.headers['docker-content-digest'], digest);
      assert.equal(get.headers.vary, 'Accept, User-Agent', 'a cache must tell such clients apart');
      const again = await registry.ask(path, {
        headers: { ...headers, 'if-none-match': String(get.headers.etag) },
      });
      assert.equal(again.status, 304);
      // The signed list has not gone: a cache that asks with its entity tag gets what is meant for this client.
      const { etag } = (await registry.ask(path)).headers;
      assert.notEqual(etag, get.headers.etag);
      const changed = await registry.ask(path, { headers: { ...headers, 'if-none-match': String(etag) } });
      assert.equal(changed.status, 200);
    }
    const missing = await registry.ask(`/v2/${repository}/manifests/41`, {
      headers: { accept: mediaTypes.ociManifest, 'user-agent': docker.replace('arm64', 'riscv64') },
    });
    assert.equal(missing.status, 404);
    assert.match(missing.body.toString(), /linux\/arm64\/v8/, 'it says what there is');
  });

  test('Pulling manifests: what Accept cannot cover is 404, and a digest is answered whatever Accept says', async () => {
    const headers = { accept: mediaTypes.dockerManifest };
    const byTag = await registry.ask(`/v2/${repository}/manifests/41`, { headers });
    assert.equal(byTag.status, 404);
    assert.equal(codeOf(byTag.json()), 'MANIFEST_UNKNOWN');
    const byDigest = await registry.ask(`/v2/${repository}/manifests/${list.digest}`, { headers });
    assert.deepEqual(byDigest.body, list.manifest);
  });

  test('Pulling manifests: the Accept headers of the stock clients get the list', async () => {
    const all = Object.values(mediaTypes).join(', ');
    for (const accept of [all, '*/*', 'application/*', `${mediaTypes.ociIndex};q=0.5, text/html`]) {
      const answer = await registry.ask(`/v2/${repository}/manifests/41`, { headers: { accept } });
      assert.equal(answer.headers['docker-content-digest'], list.digest, accept);
    }
  });

  test('Pulling manifests: an edited file is never served', async () => {
    const built = buildList([buildImage({ command: ['/edited'] })]);
    await registry.publish('edited/image', ['1'], built);
    const path = manifestPath(registry.tree, parseRepositoryName('edited/image'), built.digest);
    for (const bytes of [
      Buffer.from(built.manifest.toString().replace('"schemaVersion":2', '"schemaVersion":3')),
      built.manifest.subarray(1),
      Buffer.alloc(0),
    ]) {
      await writeFile(path, bytes);
      for (const reference of ['1', built.digest]) {
        const answer = await registry.ask(`/v2/edited/image/manifests/${reference}`);
        assert.equal(answer.status, 500);
        assert.equal(codeOf(answer.json()), 'UNKNOWN');
        assert.doesNotMatch(answer.body.toString(), /signpost-tree/, 'an answer names no files');
      }
    }
    const logged = registry.lines.find(({ event }) => event === 'request failed');
    assert.match(String(logged?.fields.error), /damaged/);
    await writeFile(path, built.manifest);
    assert.equal((await registry.ask('/v2/edited/image/manifests/1')).status, 200);
  });

  test('API: other methods are 405 with UNSUPPORTED', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
      const answer = await registry.ask(`/v2/${repository}/blobs/uploads/`, { method, body: 'x' });
      assert.equal(answer.status, 405);
      assert.equal(answer.headers.allow, 'GET, HEAD');
      assert.equal(codeOf(answer.json()), 'UNSUPPORTED');
    }
  });
});

suite('signatures for containers/image', () => {
  test('the extension and the lookaside serve them, and end as clients expect', async () => {
    await using registry = await startRegistry();
    const list = buildFourPlatforms();
    const signatures = new Map([[list.digest, [Buffer.from('one'), Buffer.from('two')]]]);
    await registry.publish(repository, ['41'], list, signatures);

    const extension = await registry.ask(`/extensions/v2/${repository}/signatures/${list.digest}`);
    const { signatures: found } = extension.json() as { signatures: Record<string, unknown>[] };
    assert.deepEqual(
      found.map(({ content }) => Buffer.from(String(content), 'base64').toString()),
      ['one', 'two'],
    );
    for (const { schemaVersion, type, name } of found) {
      assert.equal(schemaVersion, 2);
      assert.equal(type, 'atomic');
      assert.match(String(name), new RegExp(`^${list.digest}@[0-9a-f]{32}$`));
    }
    assert.notEqual(found[0]?.name, found[1]?.name);

    for (const digest of [list.images[0]?.digest, absent]) {
      const nothing = await registry.ask(`/extensions/v2/${repository}/signatures/${digest}`);
      assert.equal(nothing.status, 200, 'nothing signed is an empty list');
      assert.deepEqual(nothing.json(), { signatures: [] });
    }

    const lookaside = `/signatures/${repository}@${list.digest.replace(':', '=')}`;
    assert.equal((await registry.ask(`${lookaside}/signature-1`)).body.toString(), 'one');
    assert.equal((await registry.ask(`${lookaside}/signature-2`)).body.toString(), 'two');
    assert.equal((await registry.ask(`${lookaside}/signature-3`)).status, 404);
    assert.equal((await registry.ask(`${lookaside}/signature-0`)).status, 404);

    await registry.publish(repository, ['41'], list, new Map([[list.digest, [Buffer.from('renewed')]]]));
    assert.equal((await registry.ask(`${lookaside}/signature-1`)).body.toString(), 'renewed');
  });
});

function codeOf(body: unknown): unknown {
  const { errors } = body as { errors: readonly { code: unknown; message: unknown }[] };
  assert.equal(errors.length, 1);
  assert.equal(typeof errors[0]?.message, 'string');
  return errors[0]?.code;
}
