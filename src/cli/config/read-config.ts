import { type Config, configSchema } from './config-schema.ts';
import { findConflicts } from './config-conflicts.ts';
import { type SettingProblem, problemsOf } from './parse-settings.ts';
import { repository } from './repository-settings.ts';
import { type SettingsDocument, openSettings } from './settings-document.ts';

/** What a configuration file says, as far as it can be understood. */
export interface ReadConfig {
  /** Whole when there are no problems. Otherwise sections and rules that are wrong are left out of it. */
  readonly config: Config;
  /** The place in the file of each of `config.repositories`. */
  readonly ruleIndexes: readonly number[];
  readonly problems: readonly SettingProblem[];
  readonly document: SettingsDocument;
}

/**
 * Reads a configuration from YAML 1.2, and finds all that is wrong with it by itself. `file` names it in messages.
 * @throws SignpostError CONFIG_INVALID when it is no YAML
 */
export function readConfig(yaml: string, file: string): ReadConfig {
  const document = openSettings(yaml, file);
  const result = configSchema.safeParse(document.value);
  const understood = result.success
    ? { config: result.data, ruleIndexes: [...result.data.repositories.keys()] }
    : parseSections(document.value);
  const conflicts = findConflicts(understood.config, understood.ruleIndexes).map(({ path, message }) => ({
    path,
    line: document.lineOf(path),
    message,
  }));
  const problems = result.success ? conflicts : [...problemsOf(result.error, document), ...conflicts];
  return { ...understood, problems, document };
}

/** One wrong setting must not hide what is wrong with the others: each section is read by itself. */
function parseSections(value: unknown): Pick<ReadConfig, 'config' | 'ruleIndexes'> {
  const given = isRecord(value) ? value : {};
  const listed = Array.isArray(given.repositories) ? given.repositories.slice(0, 10_000) : [];
  const rules = listed.flatMap((one: unknown, index) => {
    const rule = repository.safeParse(one);
    return rule.success ? [{ index, rule: rule.data }] : [];
  });
  const sections = Object.entries(configSchema.shape).map(([name, schema]) => {
    const section = schema.safeParse(given[name]);
    return [name, (section.success ? section : schema.safeParse(undefined)).data] as const;
  });
  const config = { ...Object.fromEntries(sections), repositories: rules.map(({ rule }) => rule) } as Config;
  return { config, ruleIndexes: rules.map(({ index }) => index) };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
