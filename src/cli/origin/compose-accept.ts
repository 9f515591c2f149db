import { type AcceptDeps, type AcceptResult, acceptBundle } from '../../origin/accept/accept-bundle.ts';
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
  watched: Pick<AcceptDeps, 'progress' | 'onVerified' | 'onPlaced' | 'signal'>,
): Promise<AcceptResult> {
  requireRules(config);
  const registry = parseRegistryHost(config.registry.name);
  await using content = await composeContent(config, 'accept');
  await using _held = await content.lock.acquire(contentLock);
  await repairMarker(content);
  const deps = {
    ...content,
    ...watched,
    registry,
    signers: await waitForAll(config.signers.map(readSealKey)),
    findRule: createRuleFinder(config.repositories),
    tree: content.treeWriter,
    treeReader: content.tree,
  };
  await using metadata = await composeMetadata(config, content.folders.tree);
  const result = await acceptBundle({ ...deps, metadata }, readLines(bundle, bundleLimits.line));
  await content.audit.add({ who: localUser(), at: content.clock.now() }, auditedAccept(result));
  return result;
}
