import { type AcceptResult, type AcceptWatch, acceptBundle } from '../../origin/accept/accept-bundle.ts';
import { repairMarker } from '../../origin/accept/place-publication.ts';
import { readLines } from '../../adapters/files/read-lines.ts';
import { parseRegistryHost } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { bundleLimits } from '../../trust/hand-off/signature-bundle.ts';
import type { LoadedConfig } from '../config/config.ts';
import { requireRules } from '../config/required-rule.ts';
import { auditedAccept } from '../records/audited-images.ts';
import { localUser } from '../records/local-user.ts';
import { composeMetadata } from '../trust/metadata.ts';
import { composeContent } from '../records/content.ts';
import { createRuleFinder } from '../trust/repository-rules.ts';
import { readSealKey } from '../trust/seal-key.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** Accepts the signature bundle in the file `bundle`. */
export async function composeAccept(
  config: LoadedConfig,
  bundle: string,
  watch: AcceptWatch,
): Promise<AcceptResult> {
  requireRules(config);
  await using content = await composeContent(config, 'accept');
  await using _held = await content.lock.acquire(contentLock);
  await repairMarker(content);
  await using metadata = await composeMetadata(config, content.folders.tree);
  const { staging, contents, tree: treeReader, treeWriter: tree } = content;
  const deps = {
    policy: {
      registry: parseRegistryHost(config.registry.name),
      signers: await waitForAll(config.signers.map(readSealKey)),
      findRule: createRuleFinder(config.repositories),
      metadata: metadata.metadata,
    },
    records: content,
    files: { staging, tree, treeReader, contents, metadataTree: metadata.metadataTree },
    watch,
  };
  const lines = readLines(bundle, bundleLimits.line);
  const result = await acceptBundle(deps, lines, content.clock.now());
  await content.audit.add({ who: localUser(), at: content.clock.now() }, auditedAccept(result));
  return result;
}
