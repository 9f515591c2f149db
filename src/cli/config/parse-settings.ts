import type { z } from 'zod';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { newNameOf } from './renamed-settings.ts';
import { type SettingsDocument, openSettings } from './settings-document.ts';

/** What is wrong with a setting, and where it stands. */
export interface SettingProblem {
  /** The names and numbers that lead to it: `['repositories', 0, 'match']`. */
  readonly path: readonly PropertyKey[];
  /** In the file, counted from 1. */
  readonly line: number | undefined;
  readonly message: string;
}

/**
 * Reads a file of settings from YAML 1.2, of which JSON is a part. `file` names it in messages, `kind` says what it is.
 * @throws SignpostError CONFIG_INVALID with the path of each wrong setting, its value and what was expected
 */
export function parseSettings<T extends z.ZodType>(
  schema: T,
  yaml: string,
  file: string,
  kind: string,
): z.output<T> {
  const document = openSettings(yaml, file);
  const result = schema.safeParse(document.value);
  if (result.success) return result.data;
  throw settingsError(file, kind, problemsOf(result.error, document));
}

/** What a schema found. */
export function problemsOf(error: z.ZodError, document: SettingsDocument): readonly SettingProblem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: issue.path,
        line: document.lineOf([...issue.path, key]),
        message: describeUnknown(issue.path, key),
      }));
    }
    const found = document.valueOf(issue.path);
    const message =
      found === undefined
        ? `missing, ${issue.message}`
        : `${quote(withoutPassword(found))}: ${issue.message}`;
    return [{ path: issue.path, line: document.lineOf(issue.path), message }];
  });
}

function describeUnknown(path: readonly PropertyKey[], key: string): string {
  const now = newNameOf(path, key);
  return now === undefined ? `unknown setting ${quote(key)}` : `${quote(key)} is now called ${quote(now)}`;
}

/** All that is wrong with a file, as one error. */
export function settingsError(
  file: string,
  kind: string,
  problems: readonly SettingProblem[],
): SignpostError {
  const lines = problems.map((problem) => `  ${describeProblem(problem)}`);
  return new SignpostError('CONFIG_INVALID', `${file} is not a valid ${kind}:\n${lines.join('\n')}`);
}

/** `line 3: registry.name: "x y": expected a host name`. */
function describeProblem({ path, line, message }: SettingProblem): string {
  return [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(path.length === 0 ? [] : [path.map(String).join('.')]),
    message,
  ].join(': ');
}

/** A password that somebody wrote into a URL must not get into logs too. */
function withoutPassword(found: unknown): unknown {
  if (typeof found !== 'string') return found;
  return found.replace(/(:\/\/[^/@:]*:).*@/, '$1***@').replaceAll(/([?&]password=)[^&]*/g, '$1***');
}
