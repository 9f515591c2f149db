import assert from 'node:assert/strict';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { buildFourPlatforms, buildImage, buildList } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { serveOrigin } from '../../../test/fakes/served-origin.ts';

async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .filter((path) => !path.startsWith('.signpost-sync/'))
    .sort();
}

test('a mirror is filled by the Mirror List alone, with every kind of file, and again after signatures were renewed', async () => {
  const root = await mkdtemp(join(tmpdir(), 'signpost-sync-'));
  try {
    await using origin = await serveOrigin(root);
    const tree = join(root, 'data/tree');
    const copy = join(root, 'copy');
    const image = buildFourPlatforms();
    const other = buildList([buildImage({ layers: [{ hello: 'another' }] })]);
    for (const published of [image, other, image]) {
      await origin.publish(published, 'fedora/base:41');
      const { status, out, err } = await runCommand('sync', '--from', origin.url, '--json', copy);
      assert.equal(status, 0, err);
      const files = await filesIn(copy);
      for (const kind of ['blobs', 'manifests', 'referrers', 'signatures', 'tuf', '_trust', 'contents'])
        assert.ok(
          files.some((path) => `/${dirname(path)}/`.includes(`/${kind}`)),
          kind,
        );
      for (const path of files.filter((path) => !path.startsWith('contents/')))
        assert.deepEqual(await readFile(join(copy, path)), await readFile(join(tree, path)), path);
      assert.match(out, /"event":"result"/);
    }
    // A copy that begins now has no use for artifacts that a renewal has replaced, and they are answered no more.
    const fresh = join(root, 'fresh');
    const { status, err } = await runCommand('sync', '--from', origin.url, fresh);
    assert.equal(status, 0, err);
    const left = new Set(await filesIn(fresh));
    const retired = (await filesIn(tree)).filter((path) => !left.has(path) && path.includes('/manifests/'));
    assert.ok(retired.length > 0, 'nothing was retired');
    for (const path of retired) assert.equal((await fetch(`${origin.url}/${path}`)).status, 404);
    // Somebody has misspelt it, or it is still to come.
    const chosen = ['--repository', 'fedora/*', '--repository', 'fedroa/base'];
    const misspelt = await runCommand('sync', '--from', origin.url, ...chosen, fresh);
    assert.equal(misspelt.status, 0, misspelt.err);
    assert.match(misspelt.out, /^warning: [^\n]+ fedroa\/base\nat serial /);
  } finally {
    await rm(root, { recursive: true });
  }
});
