import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../../../test/fakes/run-command.ts';

test('what cannot be understood is a usage error', async () => {
  const root = await mkdtemp(join(tmpdir(), 'signpost-statistics-'));
  for (const wrong of [
    ['--since', 'yesterday'],
    ['--since', '2026-02-30'],
    ['--by', 'address'],
    ['--limit', '0'],
  ]) {
    const { status } = await runCommand('statistics', ...wrong, '--data', root);
    assert.equal(status, 2, wrong.join(' '));
  }
  assert.equal((await runCommand('propagation', '--limit', '-1', '--data', root)).status, 2);
  await rm(root, { recursive: true });
});
