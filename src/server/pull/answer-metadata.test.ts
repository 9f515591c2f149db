import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type RegistryUnderTest, startRegistry } from '../../../test/conformance/registry-under-test.ts';
import { createFileMetadataTree } from '../../adapters/tree/file-metadata-tree.ts';
import { metadataPath } from '../../trust/metadata-path.ts';

suite('files of metadata', () => {
  let registry: RegistryUnderTest;
  before(async () => {
    registry = await startRegistry();
    const tree = createFileMetadataTree(registry.tree);
    const notary = (file: string) => metadataPath('notary', `images.example.org:443/a/b/_trust/tuf/${file}`);
    await tree.place(metadataPath('tuf', 'timestamp.json'), Buffer.from('one'));
    await tree.place(metadataPath('tuf', '2.repository~a~b.json'), Buffer.from('two'));
    await tree.place(notary('root.json'), Buffer.from('three'));
    await tree.place(notary(`targets/releases.${'0'.repeat(64)}.json`), Buffer.from('four'));
  });
  after(() => registry[Symbol.asyncDispose]());

  test('are served where their clients ask, and only what never changes may be kept', async () => {
    const start = '/v2/images.example.org:443/a/b/_trust/tuf';
    const wanted = [
      ['/tuf/timestamp.json', 'one', 'no-cache'],
      ['/tuf/2.repository~a~b.json', 'two', 'public, max-age=31536000, immutable'],
      [`${start}/root.json`, 'three', 'no-cache'],
      [`${start}/targets/releases.${'0'.repeat(64)}.json`, 'four', 'public, max-age=31536000, immutable'],
    ] as const;
    for (const [path, body, cache] of wanted) {
      const answer = await registry.ask(path);
      assert.equal(answer.status, 200, path);
      assert.equal(answer.body.toString(), body);
      assert.equal(answer.headers['cache-control'], cache);
    }
  });

  test('a timestamp that was replaced is served at once', async () => {
    const path = metadataPath('tuf', 'timestamp.json');
    await createFileMetadataTree(registry.tree).place(path, Buffer.from('newer'));
    assert.equal((await registry.ask('/tuf/timestamp.json')).body.toString(), 'newer');
  });

  test('other files are not found, and no file of the tree is reached beside them', async () => {
    for (const path of [
      '/tuf/1.root.json',
      '/tuf/3.targets.json',
      '/tuf/../publication.json',
      '/tuf/publication.json',
      '/tuf/',
      '/tuf/2.repository~a%2fb.json',
      '/v2/images.example.org/../a/_trust/tuf/root.json',
      '/v2/images.example.org:443/a/b/_trust/tuf/timestamp.key',
      '/v2/images.example.org:443/a/b/_trust/tuf/../tuf/root.json',
      '/v2/_trust/tuf/root.json',
    ]) {
      const { status } = await registry.ask(path);
      assert.ok(status === 404 || status === 400, `${path}: ${status}`);
    }
  });
});
