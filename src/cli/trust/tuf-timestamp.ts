import { renewTufTimestamp } from '../../origin/accept/verify-tuf-files.ts';
import { SignpostError } from '../../oci/errors.ts';
import { parseRegistryHost } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import type { Config } from '../config/config-schema.ts';
import { type Content, composeContent } from '../records/content.ts';
import { composeMetadata } from './metadata.ts';

/**
 * Renews the TUF timestamp with the key at the origin.
 * @returns when the first of the TUF files expires, in milliseconds since the epoch
 */
export async function composeTufTimestamp(config: Config): Promise<number> {
  await using content = await composeContent(config, 'tuf timestamp');
  await using _held = await content.lock.acquire(contentLock);
  return await renewTimestamp(config, content);
}

/** The same for one that holds the content lock. */
export async function renewTimestamp(
  config: Config,
  content: Pick<Content, 'folders' | 'clock'>,
): Promise<number> {
  await using opened = await composeMetadata(config, content.folders.tree);
  const { tufRoot, tufTimestamp } = opened.metadata;
  if (tufRoot === undefined || tufTimestamp === undefined) {
    throw new SignpostError(
      'CONFIG_INVALID',
      'the configuration names no tuf.root or no tuf.timestampKey: without them the signer makes timestamps',
    );
  }
  const registry = parseRegistryHost(config.registry.name);
  const { metadataTree } = opened;
  const now = content.clock.now();
  const { files, expires } = await renewTufTimestamp({ registry, metadataTree, tufRoot }, tufTimestamp, now);
  for (const { path, bytes } of files) await metadataTree.place(path, bytes);
  return expires;
}
