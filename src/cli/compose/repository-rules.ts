import { type FormatRule, type RepositoryRule, ruleMatches } from '../../accept/repository-rule.ts';
import { createCosignReader, createSigstoreReader } from '../../adapters/cosign-readers.ts';
import { createNotationReader } from '../../adapters/notation-reader.ts';
import { keyFileLimit } from '../../adapters/openpgp/public-keys.ts';
import { createSignatureReader } from '../../adapters/openpgp/signature-reader.ts';
import { createSimpleReader } from '../../adapters/openpgp/simple-reader.ts';
import { readSmallFile } from '../../adapters/small-file.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import type { Clock } from '../../ports/clock.ts';
import type { FormatReader } from '../../ports/signing.ts';
import { type VerifyingKey, parseVerifyingKeys } from '../../trust/verifying-key.ts';
import type { Config } from '../config-schema.ts';
import { readTrustedRoots } from './trusted-roots.ts';

type RuleSettings = Config['repositories'][number];

/** Finds the first rule that matches a repository, and reads its keys when it is first needed. */
export function createRuleFinder(
  rules: Config['repositories'],
  clock: Clock,
): (repository: RepositoryName) => Promise<RepositoryRule | undefined> {
  const loaded = new Map<RuleSettings, Promise<RepositoryRule>>();
  return (repository) => {
    const rule = rules.find(({ match }) => ruleMatches(match, repository));
    if (rule === undefined) return Promise.resolve(undefined);
    const known = loaded.get(rule) ?? loadRule(rule, clock);
    loaded.set(rule, known);
    return known;
  };
}

async function loadRule(rule: RuleSettings, clock: Clock): Promise<RepositoryRule> {
  const { threshold, maximumLife, warnBefore } = rule;
  const formats: FormatRule[] = [];
  for (const format of rule.formats) {
    const reader = await openReaders[format](rule, clock);
    formats.push({ reader, policy: { fingerprints: new Set(reader.fingerprints), threshold, maximumLife } });
  }
  return { formats, warnBefore };
}

type OpenReader = (rule: RuleSettings, clock: Clock) => Promise<FormatReader>;

const openReaders: Readonly<Record<RuleSettings['formats'][number], OpenReader>> = {
  simple: async ({ keys }, clock) =>
    createSimpleReader(await createSignatureReader(await Promise.all(keys.map(readKeyFile)), clock)),
  cosign: async ({ cosignKeys }) => createCosignReader(await readVerifyingKeys(cosignKeys)),
  sigstore: async ({ cosignKeys }) => createSigstoreReader(await readVerifyingKeys(cosignKeys)),
  notation: async ({ notationRoots }, clock) =>
    createNotationReader((await Promise.all(notationRoots.map(readTrustedRoots))).flat(), clock),
};

async function readKeyFile(name: string): Promise<{ readonly name: string; readonly bytes: Uint8Array }> {
  return { name, bytes: await readSmallFile(name, keyFileLimit) };
}

async function readVerifyingKeys(paths: readonly string[]): Promise<readonly VerifyingKey[]> {
  const files = await Promise.all(paths.map(readKeyFile));
  return files.flatMap(({ bytes, name }) => parseVerifyingKeys(bytes, name));
}
