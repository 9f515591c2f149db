import { join } from 'node:path';
import { createFileTreeContents } from '../../adapters/tree/file-tree-contents.ts';
import { createFileListedContents } from '../../adapters/tree/listed-contents.ts';
import { createFileSchema1Archive } from '../../adapters/tree/file-schema1-archive.ts';
import { createFileStaging } from '../../adapters/tree/file-staging.ts';
import { createFileTreeReader } from '../../adapters/tree/file-tree-reader.ts';
import { createFileTreeWriter } from '../../adapters/tree/file-tree-writer.ts';
import { createFileLayerUnpacker } from '../../adapters/layer/file-layer-unpacker.ts';
import { createSystemClock } from '../../adapters/time/system-clock.ts';
import type { Config } from '../config/config-schema.ts';
import { openStorage } from './storage.ts';
import { type StorageConfig } from './postgres-storage.ts';

/** Where the parts of the data folder are. */
export function foldersOf(config: Pick<Config, 'data'>) {
  return {
    data: config.data,
    tree: join(config.data, 'tree'),
    staging: join(config.data, 'staging'),
    temporary: join(config.data, 'temporary'),
    schema1: join(config.data, 'archive/schema1'),
    frontEnds: join(config.data, 'front-ends'),
  };
}

export type Content = Awaited<ReturnType<typeof composeContent>>;

/** All that publish, staged and scrub work on. `command` is the name under which the lock is held. */
export async function composeContent(config: StorageConfig, command: string) {
  const folders = foldersOf(config);
  const clock = createSystemClock();
  const storage = await openStorage(config, clock);
  const tree = createFileTreeReader(folders.tree);
  return {
    ...storage,
    folders,
    clock,
    lock: storage.createLock(command),
    staging: createFileStaging(folders.staging),
    layers: createFileLayerUnpacker(folders),
    tree,
    treeWriter: createFileTreeWriter(folders),
    contents: createFileTreeContents(folders.tree, storage.publishedContent, clock),
    listed: createFileListedContents(folders.tree, storage.publishedContent, tree),
    archive: createFileSchema1Archive(folders.schema1),
  };
}
