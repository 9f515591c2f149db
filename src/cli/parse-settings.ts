import { parseDocument } from 'yaml';
import type { z } from 'zod';
import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';
import { parseJson } from '../oci/parse-json.ts';

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
  const value = parseYaml(yaml, file);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => `  ${describeIssue(issue, value)}`);
  throw new SignpostError('CONFIG_INVALID', `${file} is not a valid ${kind}:\n${problems.join('\n')}`);
}

// Aliases are expanded up to a limit: a small file must not become a large value, nor one without an end, of which an
// alias is made that names what it stands in.
function parseYaml(yaml: string, file: string): unknown {
  try {
    const document = parseDocument(yaml, { prettyErrors: true, uniqueKeys: true });
    const [error] = document.errors;
    if (error !== undefined) throw error;
    const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
    parseJson(JSON.stringify(value), file, 'CONFIG_INVALID', { values: 4_000_000 });
    return value;
  } catch (cause) {
    if (cause instanceof SignpostError) throw cause;
    const { message } = cause as Error;
    // The parser calls itself for each level, and nothing tells it how many there may be.
    const problem = message.includes('call stack') ? 'it is nested too deeply' : message;
    throw new SignpostError('CONFIG_INVALID', `${file}: ${problem}`, { cause });
  }
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const path = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    return `${path === '' ? '' : `${path}: `}unknown setting ${issue.keys.map(quote).join(', ')}`;
  }
  const found = issue.path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
  return found === undefined
    ? `${path}: missing, ${issue.message}`
    : `${path}: ${quote(withoutPassword(found))}: ${issue.message}`;
}

/** A password that somebody wrote into a URL must not get into logs too. */
function withoutPassword(found: unknown): unknown {
  if (typeof found !== 'string') return found;
  return found.replace(/(:\/\/[^/@:]*:).*@/, '$1***@').replaceAll(/([?&]password=)[^&]*/g, '$1***');
}
