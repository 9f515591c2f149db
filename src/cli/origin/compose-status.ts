import { createFileMetadataTree } from '../../adapters/tree/file-metadata-tree.ts';
import { type Status, readStatus } from '../../origin/status/read-status.ts';
import type { Config } from '../config/config-schema.ts';
import { composeContent } from '../records/content.ts';
import { composeTerms } from '../trust/terms.ts';

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
