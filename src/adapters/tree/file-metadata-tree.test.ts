import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fails } from '../../../test/fakes/expect-error.ts';
import { metadataFileLimit } from '../../trust/metadata-file.ts';
import type { MetadataPath } from '../../trust/metadata-path.ts';
import { createFileMetadataTree } from './file-metadata-tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'signpost-metadata-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const tree = createFileMetadataTree(folder);
const path = (name: string) => name as MetadataPath;

test('a file of metadata is read up to its limit, and not beyond', async () => {
  writeFileSync(join(folder, 'most.json'), '');
  truncateSync(join(folder, 'most.json'), metadataFileLimit);
  assert.equal((await tree.read(path('most.json')))?.length, metadataFileLimit);
  truncateSync(join(folder, 'most.json'), metadataFileLimit + 1);
  await assert.rejects(tree.read(path('most.json')), fails('LIMIT_EXCEEDED', 'most.json has more than'));
});

test('a file that is not there is none, and a link is not followed', async () => {
  assert.equal(await tree.read(path('none.json')), undefined);
  assert.equal(await tree.placedAt(path('none.json')), undefined);
  symlinkSync('/etc/hostname', join(folder, 'link.json'));
  await assert.rejects(tree.read(path('link.json')), fails('STORAGE', 'link.json'));
});
