import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startFaultyMirror } from '../../../test/fakes/faulty-mirror.ts';
import { buildFourPlatforms } from '../../../test/fakes/image-builder.ts';
import { serveOrigin } from '../../../test/fakes/served-origin.ts';
import { runCommand } from '../../../test/fakes/run-command.ts';

test('a running server is told of what it thinks otherwise, and looks at once', async () => {
  const root = mkdtempSync(join(tmpdir(), 'signpost-crawl-told-'));
  const origin = await serveOrigin(root, 'mirrors: { allowAddresses: [127.0.0.0/8] }\n');
  const run = (...argv: readonly string[]) => runCommand(...argv, '--config', origin.config);
  const list = async () => (await run('mirror', 'list')).out;
  const until = async (pattern: RegExp) => {
    // An idle mirror is looked at every few minutes.
    for (let tries = 0; tries < 300; tries += 1) {
      if (pattern.test(await list())) return;
      await sleep(100);
    }
    assert.fail(`no ${pattern.source} in ${await list()}`);
  };
  try {
    await origin.publish(buildFourPlatforms(), 'fedora/base:41');
    cpSync(join(root, 'data', 'tree'), join(root, 'copy'), { recursive: true });
    const server = await startFaultyMirror({ root: join(root, 'copy') });
    try {
      await run('mirror', 'add', 'uni', server.url, '--country', 'DE');
      await until(/healthy, at 1/);
      assert.match((await run('crawl')).out, /1 mirror probed, 0 out; the running server agrees/);
      await server.setFault('status-503');
      assert.match((await run('crawl')).out, /the running server was told of 1 mirror and probes at once/);
      await until(/down: status/);
      await server.setFault('none');
      await run('crawl');
      await until(/healthy, at 1/);
    } finally {
      await server.close();
    }
  } finally {
    await origin[Symbol.asyncDispose]();
    rmSync(root, { recursive: true, force: true });
  }
});
