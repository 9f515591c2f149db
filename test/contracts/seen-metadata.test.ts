import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { createFileSeenMetadata } from '../../src/adapters/files/file-seen-metadata.ts';
import { createMemorySeenMetadata } from '../fakes/memory-seen-metadata.ts';
import { testSeenMetadata } from './seen-metadata.ts';

const root = mkdtempSync(join(tmpdir(), 'signpost-seen-'));
after(() => {
  rmSync(root, { recursive: true });
});
let count = 0;

testSeenMetadata('in memory', createMemorySeenMetadata);
testSeenMetadata('in files', () => createFileSeenMetadata(join(root, `${(count += 1)}`)));

test('a file that is damaged, or of another name, is never taken for an empty one', async () => {
  const folder = join(root, 'damaged');
  const seen = createFileSeenMetadata(folder);
  await seen.remember('a', new Map([['root.json', Buffer.from('one')]]));
  const [file = ''] = readdirSync(folder);
  for (const text of ['{', '{"format":"signpost-seen-metadata-1","name":"b","files":{}}', '[]']) {
    writeFileSync(join(folder, file), text);
    await assert.rejects(seen.find('a'), { code: 'STORAGE' }, text);
  }
});
