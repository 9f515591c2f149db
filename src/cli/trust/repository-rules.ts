import { type FormatRule, type RepositoryRule, ruleMatches } from '../../origin/accept/repository-rule.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { isMetadataFormat } from '../../trust/metadata-file.ts';
import type { SignatureFormat } from '../../trust/signature-format.ts';
import type { Config } from '../config/config-schema.ts';
import { openFormatReader } from './format-readers.ts';

type RuleSettings = Config['repositories'][number];

/** Finds the first rule that matches a repository, and reads its keys when it is first needed. */
export function createRuleFinder(
  rules: Config['repositories'],
): (repository: RepositoryName) => Promise<RepositoryRule | undefined> {
  const loaded = new Map<RuleSettings, Promise<RepositoryRule>>();
  return (repository) => {
    const rule = rules.find(({ match }) => ruleMatches(match, repository));
    if (rule === undefined) return Promise.resolve(undefined);
    const known = loaded.get(rule) ?? loadRule(rule);
    loaded.set(rule, known);
    return known;
  };
}

async function loadRule(rule: RuleSettings): Promise<RepositoryRule> {
  const { threshold, maximumValidity, warnBefore } = rule;
  const formats: FormatRule[] = [];
  for (const format of rule.formats) {
    if (isMetadataFormat(format)) continue;
    const reader = await openFormatReader(format, filesOf(rule, format));
    formats.push({
      reader,
      policy: { fingerprints: new Set(reader.fingerprints), threshold, maximumValidity },
    });
  }
  return { formats, metadata: rule.formats.filter(isMetadataFormat), warnBefore };
}

/** The files that have the keys of a format. */
function filesOf(rule: RuleSettings, format: SignatureFormat): readonly string[] {
  switch (format) {
    case 'simple':
      return rule.keys;
    case 'cosign':
    case 'sigstore':
      return rule.cosignKeys;
    case 'notation':
      return rule.notationRoots;
  }
}
