import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { serveOrigin } from '../../../test/fakes/served-origin.ts';

test('what was pulled is there when the server has ended, and so is how publications spread', async () => {
  const root = await mkdtemp(join(tmpdir(), 'signpost-statistics-'));
  const origin = await serveOrigin(root);
  const run = async (...argv: string[]) => {
    const { status, out, err } = await runCommand(...argv, '--config', origin.config);
    assert.equal(status, 0, err);
    return out;
  };
  let running = true;
  try {
    assert.match(await run('statistics'), /Nothing was counted/);
    assert.match(await run('propagation'), /Nothing was recorded/);
    const image = buildFourPlatforms();
    await origin.publish(image, 'fedora/base:41');
    const headers = { 'User-Agent': 'docker/26.1.5 go/go1.24' };
    const ask = async (path: string, method = 'GET') => {
      const answer = await fetch(`${origin.url}/v2/fedora/base/${path}`, { method, headers });
      return answer.arrayBuffer();
    };
    for (let pull = 0; pull < 3; pull += 1) {
      await ask('manifests/41', 'HEAD');
      await ask(`manifests/${image.digest}`);
    }
    const [blob = ''] = image.blobs.keys();
    const { byteLength } = await ask(`blobs/${blob}`);
    await origin[Symbol.asyncDispose]();
    running = false;

    const clients = JSON.parse(await run('statistics', '--by', 'client', '--json')) as { client: string }[];
    assert.deepEqual(
      clients.find(({ client }) => client === 'docker'),
      { client: 'docker', pulls: 3, blobs: 1, bytes: byteLength },
    );
    const mirrors = JSON.parse(await run('statistics', '--by', 'mirror', '--json')) as unknown;
    assert.deepEqual(mirrors, [{ mirror: 'origin', pulls: 0, blobs: 1, bytes: byteLength }]);
    assert.match(await run('statistics', '--by', 'mirror'), /^MIRROR +BLOBS +BYTES\norigin +1 +\d+$/m);
    assert.match(
      await run('statistics', '--since', '2d'),
      /^DAY +PULLS +BLOBS +BYTES\n\d{4}-\d\d-\d\d +[45] /,
    );
    assert.match(
      await run('statistics', '--by', 'tag', '--since', '2026-01-01'),
      /^TAG +PULLS\nfedora\/base:41 +[45]$/m,
    );
    assert.match(await run('statistics', '--by', 'country', '--limit', '1'), /^unknown /m);
  } finally {
    if (running) await origin[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
  }
});
