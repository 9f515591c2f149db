import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { watchFolders } from './folder-changes.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-changes-'));
after(() => rm(folder, { recursive: true }));
const { signal } = new AbortController();
const hour = 3_600_000;

test('a file that appears ends the wait, also when it came before', { timeout: 20_000 }, async () => {
  using changes = watchFolders([folder]);
  await writeFile(join(folder, 'before'), '');
  await changes.next(hour, signal);
  const waiting = changes.next(hour, signal);
  setTimeout(() => void writeFile(join(folder, 'during'), ''), 500);
  await waiting;
});

test(
  'without a change the time passes, and so it does where nothing can be watched',
  { timeout: 20_000 },
  async () => {
    using quiet = watchFolders([folder]);
    await quiet.next(20, signal);
    using missing = watchFolders([join(folder, 'missing')]);
    await missing.next(20, signal);
  },
);

test('the signal ends the wait', { timeout: 20_000 }, async () => {
  using changes = watchFolders([folder]);
  await changes.next(hour, AbortSignal.abort());
  await changes.next(hour, AbortSignal.timeout(400));
});
