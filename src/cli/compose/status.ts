import { createFileMetadataTree } from '../../adapters/file-metadata-tree.ts';
import { type Status, readStatus } from '../../status/read-status.ts';
import type { Config } from '../config-schema.ts';
import { composeContent } from './content.ts';
import { composeTerms } from './terms.ts';

/** How long everything that is published still lives. Takes no lock: it only reads. */
export async function composeStatus(config: Config): Promise<Status> {
  await using content = await composeContent(config, 'status');
  const terms = composeTerms(config, {
    treeReader: content.tree,
    publications: content.publications,
    metadataTree: createFileMetadataTree(content.folders.tree),
    clock: content.clock,
  });
  return await readStatus({ ...content, ...terms });
}
