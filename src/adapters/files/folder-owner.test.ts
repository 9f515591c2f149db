import assert from 'node:assert/strict';
import { chownSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../../../test/fakes/run-command.ts';
import { refuseForeignRoot } from './folder-owner.ts';

const root = mkdtempSync(join(tmpdir(), 'signpost-owner-'));
after(() => rmSync(root, { recursive: true }));

test('root keeps out of the folders of others, and others are not asked', () => {
  refuseForeignRoot(join(root, 'absent'), 'data folder', 0);
  refuseForeignRoot('/', 'data folder', 0);
  refuseForeignRoot(root, 'data folder', 1234);
  if (statSync(root).uid !== 0) {
    assert.throws(() => refuseForeignRoot(root, 'data folder', 0), { code: 'DENIED' });
  }
});

test('commands of all kinds refuse root by the name of the user, and change nothing', async (t) => {
  if (process.geteuid?.() !== 0) return t.skip('only root can give a folder away');
  chownSync(root, 65_534, 65_534);
  for (const argv of [
    ['status', '--data', root],
    ['staged', 'list', '--data', root],
    ['mirror', 'list', '--data', root],
    ['scrub', '--data', root],
    ['serve', '--data', root],
    ['sync', '--from', 'http://127.0.0.1:9', root],
  ]) {
    const { status, err } = await runCommand(...argv);
    assert.equal(status, 3, `${argv.join(' ')}: ${err}`);
    assert.match(
      err,
      /belongs to the user \S+, who could not change what root writes there.*sudo -u \S+ signpost/,
    );
  }
  assert.deepEqual(statSync(root).nlink, 2);
});
