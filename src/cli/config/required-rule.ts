import { ruleMatches } from '../../origin/accept/repository-rule.ts';
import { SignpostError } from '../../oci/errors.ts';
import type { RepositoryName } from '../../oci/reference.ts';
import { type LoadedConfig, usualConfigFile } from './config.ts';

type Configured = Pick<LoadedConfig, 'file' | 'repositories'>;

/**
 * The rule that says who signs a repository: nothing without one could ever be accepted, so that work is not begun.
 * @throws SignpostError CONFIG_INVALID
 */
export function requireRule(
  config: Configured,
  repository: RepositoryName,
): Configured['repositories'][number] {
  const file = requireRules(config);
  const rule = config.repositories.find(({ match }) => ruleMatches(match, repository));
  if (rule !== undefined) return rule;
  throw new SignpostError(
    'CONFIG_INVALID',
    `no rule under "repositories" in ${file} covers ${repository}: add one with "match: ${repository}" and the keys ` +
      'that sign it',
  );
}

/**
 * That there is a configuration which says who signs what.
 * @returns its file
 * @throws SignpostError CONFIG_INVALID
 */
export function requireRules({ file, repositories }: Configured): string {
  const name = requireFile(file);
  if (repositories.length > 0) return name;
  throw new SignpostError(
    'CONFIG_INVALID',
    `${name} has no "repositories": without rules that say which keys sign what, nothing can be published`,
  );
}

/**
 * That there is a configuration file, and not defaults alone.
 * @throws SignpostError CONFIG_INVALID
 */
export function requireFile(file: string | undefined): string {
  if (file !== undefined) return file;
  throw new SignpostError(
    'CONFIG_INVALID',
    `there is no configuration: write ${usualConfigFile}, or name another file with --config or SIGNPOST_CONFIG`,
  );
}
