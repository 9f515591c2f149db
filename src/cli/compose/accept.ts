import { type AcceptResult, acceptBundle } from '../../accept/accept-bundle.ts';
import { repairMarker } from '../../accept/place-publication.ts';
import { type RepositoryRule, ruleMatches } from '../../accept/repository-rule.ts';
import { keyFileLimit } from '../../adapters/openpgp/public-keys.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../../adapters/openpgp/simple-reader.ts';
import { readLines } from '../../adapters/read-lines.ts';
import { readSmallFile } from '../../adapters/small-file.ts';
import { type RepositoryName, parseRegistryHost } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import { contentLock } from '../../ports/lock.ts';
import { bundleLimits } from '../../trust/signature-bundle.ts';
import type { Config } from '../config-schema.ts';
import { composeContent } from './content.ts';
import { readSealKey } from './seal-key.ts';

/** Accepts the signature bundle in the file `bundle`. */
export async function composeAccept(config: Config, bundle: string): Promise<AcceptResult> {
  const registry = parseRegistryHost(config.registry.name);
  using content = composeContent(config, 'accept');
  using _held = content.lock.acquire(contentLock);
  await repairMarker({ tree: content.treeWriter, publications: content.publications });
  const deps = {
    ...content,
    registry,
    signers: await Promise.all(config.signers.map(readSealKey)),
    findRule: createRuleFinder(config.repositories, content.clock),
    tree: content.treeWriter,
    treeReader: content.tree,
  };
  return await acceptBundle(deps, readLines(bundle, bundleLimits.line));
}

/** Reads the keys of a rule when a repository first needs them. */
function createRuleFinder(
  rules: Config['repositories'],
  clock: Clock,
): (repository: RepositoryName) => Promise<RepositoryRule | undefined> {
  const loaded = new Map<Config['repositories'][number], Promise<RepositoryRule>>();
  return (repository) => {
    const rule = rules.find(({ match }) => ruleMatches(match, repository));
    if (rule === undefined) return Promise.resolve(undefined);
    const known = loaded.get(rule) ?? loadRule(rule, clock);
    loaded.set(rule, known);
    return known;
  };
}

async function loadRule(rule: Config['repositories'][number], clock: Clock): Promise<RepositoryRule> {
  const files = await Promise.all(
    rule.keys.map(async (name) => ({ name, bytes: await readSmallFile(name, keyFileLimit) })),
  );
  const reader = createSimpleReader(await createSignatureReader(files, clock));
  const { threshold, maximumLife, warnBefore } = rule;
  const policy = { fingerprints: new Set(reader.fingerprints), threshold, maximumLife };
  return { formats: [{ reader, policy }], warnBefore };
}
