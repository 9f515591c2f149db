import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { createFileStaging } from '../../src/adapters/tree/file-staging.ts';
import { createFileTreeReader } from '../../src/adapters/tree/file-tree-reader.ts';
import { createFileTreeWriter } from '../../src/adapters/tree/file-tree-writer.ts';
import { createMemoryStaging } from '../fakes/memory-staging.ts';
import { createMemoryTree } from '../fakes/memory-tree.ts';
import { treeContract } from './tree.ts';

const folder = await mkdtemp(join(tmpdir(), 'signpost-tree-'));
after(() => rm(folder, { recursive: true }));

treeContract('memory tree', async () => {
  const staging = createMemoryStaging();
  const tree = createMemoryTree(staging.blobs);
  return { staging, writer: tree, reader: tree };
});

treeContract('file tree', async () => {
  const data = await mkdtemp(join(folder, 'data-'));
  const folders = { tree: join(data, 'tree'), staging: join(data, 'staging') };
  return {
    staging: createFileStaging(folders.staging),
    writer: createFileTreeWriter(folders),
    reader: createFileTreeReader(folders.tree),
  };
});
