import { extname } from 'node:path';
import { runInThread } from '../../adapters/process/run-in-thread.ts';
import type { CommonOptions } from '../terminal/command.ts';
import { type LoadedConfig, type OpenedConfig, openConfig, refuseProblems } from '../config/config.ts';
import type { SettingProblem } from '../config/parse-settings.ts';
import { createRuleChecker } from './check-rules.ts';
import { checksForPublishing, checksForServing, runFileCheck } from './file-checks.ts';

/** What the configuration is needed for: those who publish need not be able to read the keys of the server. */
export type ConfigUse = 'publishing' | 'serving';

/**
 * The configuration that the common options name, with all that it names looked at.
 * @throws SignpostError CONFIG_INVALID with each thing that is wrong
 */
export async function loadCheckedConfig(options: CommonOptions, use: ConfigUse): Promise<LoadedConfig> {
  const opened = openConfig(options);
  refuseProblems(opened.config.file ?? 'the defaults', await findProblems(opened, use));
  return opened.config;
}

/** What a thread is told that does the same. */
export interface CheckedConfigInput {
  readonly options: Pick<CommonOptions, 'config' | 'data'>;
  readonly use: ConfigUse;
}

/**
 * The same in a thread of its own, for who must go on meanwhile: thousands of rules and all their keys take seconds.
 * @throws SignpostError CONFIG_INVALID, STORAGE
 */
export function loadCheckedConfigAside(
  { config, data }: CommonOptions,
  use: ConfigUse,
): Promise<LoadedConfig> {
  // Compiled code has another extension, and no compiler looks into this name.
  const program = new URL(`./checked-config-thread${extname(import.meta.filename)}`, import.meta.url);
  const options = { config, data };
  const input: CheckedConfigInput = { options, use };
  return runInThread(program, input, 'read the configuration');
}

/** All that is wrong with a configuration and with what it names, in the order of the file. */
export async function findProblems(
  { config, ruleIndexes, problems, document }: OpenedConfig,
  use: ConfigUse,
): Promise<readonly SettingProblem[]> {
  const found = [];
  const checks = [...checksForPublishing(config), ...(use === 'serving' ? checksForServing(config) : [])];
  for (const check of checks) found.push(...(await runFileCheck(check)));
  const checkRule = createRuleChecker();
  for (const [index, rule] of config.repositories.entries()) {
    found.push(...(await checkRule(rule, ruleIndexes[index] ?? index)));
  }
  return [...problems, ...found.map((problem) => ({ ...problem, line: document.lineOf(problem.path) }))].sort(
    (one, other) => (one.line ?? 0) - (other.line ?? 0),
  );
}
