import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { serveOrigin } from '../../../test/fakes/served-origin.ts';

test('status tells of what is published, and --check fails when something is due', async () => {
  const root = await mkdtemp(join(tmpdir(), 'signpost-status-'));
  const origin = await serveOrigin(root);
  const status = (...options: string[]) => runCommand('status', '--config', origin.config, ...options);
  try {
    assert.match((await status('--check')).out, /Nothing is published/);
    await origin.publish(buildFourPlatforms(), 'fedora/base:41');
    const good = await status('--check');
    assert.equal(good.status, 0, good.err);
    assert.match(good.out, /fedora\/base:41 {2}good {3}\d+ days/);
    assert.doesNotMatch(good.out, /\.sig/);

    await origin.publish(buildFourPlatforms(), 'fedora/brief:1', '4s');
    await sleep(4000);
    const bad = await status('--check', '--json');
    assert.equal(bad.status, 3);
    assert.match(bad.err, /fedora\/brief:1: its signatures have expired/);
    const { repositories } = JSON.parse(bad.out) as {
      repositories: { repository: string; tags: { state: string; secondsLeft: number }[] }[];
    };
    assert.deepEqual(
      repositories.map(({ repository, tags }) => [repository, tags.map(({ state }) => state)]),
      [
        ['fedora/base', ['good']],
        ['fedora/brief', ['expired']],
      ],
    );
    assert.equal((await status()).status, 0);
    assert.equal((await runCommand('status', '--config', join(root, 'absent.yaml'))).status, 2);
  } finally {
    await origin[Symbol.asyncDispose]();
    await rm(root, { recursive: true });
  }
});
