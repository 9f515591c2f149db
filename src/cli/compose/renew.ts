import { readPresent } from '../../accept/present-envelopes.ts';
import type { Digest } from '../../oci/digest.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { contentLock } from '../../ports/lock.ts';
import { type RenewOptions, type RenewedTag, stageRenewals } from '../../renew/stage-renewals.ts';
import type { Evidence } from '../../trust/evidence.ts';
import type { Config } from '../config-schema.ts';
import { composeContent } from './content.ts';
import { createRuleFinder } from './repository-rules.ts';

/** Stages published tags again for new signatures. */
export async function composeRenew(config: Config, options: RenewOptions): Promise<readonly RenewedTag[]> {
  await using content = await composeContent(config, 'renew');
  await using _held = await content.lock.acquire(contentLock);
  const findRule = createRuleFinder(config.repositories, content.clock);
  const present = { treeReader: content.tree, publications: content.publications };
  const signersOf = async (repository: RepositoryName, list: Digest) => {
    const signers: string[] = [];
    for (const { reader } of (await findRule(repository))?.formats ?? []) {
      const { envelopes } = await readPresent(present, reader.format, repository, list);
      for (const envelope of envelopes) signers.push(...namesOf(await reader.read(envelope)));
    }
    return signers;
  };
  return await stageRenewals({ ...content, signersOf }, options);
}

function namesOf(evidence: Evidence): readonly string[] {
  switch (evidence.kind) {
    case 'signed':
    case 'wrong-payload':
    case 'unusable-key':
      return [evidence.fingerprint];
    case 'unknown-key':
      return [evidence.keyId.toUpperCase()];
    case 'forged':
      return [];
  }
}
