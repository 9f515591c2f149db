import { LineCounter, type Node, isAlias, isMap, isScalar, isSeq, parseDocument } from 'yaml';
import { SignpostError } from '../../oci/errors.ts';
import { parseJson } from '../../oci/parse-json.ts';
import { showLines } from '../../oci/show-value.ts';

/** A file of settings whose YAML could be read. */
export interface SettingsDocument {
  readonly value: unknown;
  valueOf(path: readonly PropertyKey[]): unknown;
  /** The line of a setting, or of the innermost one around it that is there; counted from 1. */
  lineOf(path: readonly PropertyKey[]): number | undefined;
}

/** @throws SignpostError CONFIG_INVALID with every place where the file is no YAML */
export function openSettings(yaml: string, file: string): SettingsDocument {
  const lines = new LineCounter();
  const { document, value } = parse(yaml, file, lines);
  return {
    value,
    valueOf: (path) =>
      path.reduce<unknown>(
        (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
        value,
      ),
    lineOf(path) {
      const offset = offsetOf(document, path);
      return offset === undefined ? undefined : lines.linePos(offset).line;
    },
  };
}

// Aliases are expanded up to a limit: a small file must not become a large value, nor one without an end, of which an
// alias is made that names what it stands in.
function parse(yaml: string, file: string, lineCounter: LineCounter) {
  try {
    const document = parseDocument(yaml, { prettyErrors: true, uniqueKeys: true, lineCounter });
    const [error] = document.errors;
    if (error !== undefined) {
      const problems = document.errors.slice(0, 20).map(({ message }) => describeProblem(message));
      throw new SignpostError('CONFIG_INVALID', `${file}: ${problems.join('\n')}`, { cause: error });
    }
    const value: unknown = document.toJS({ maxAliasCount: 100 }) ?? {};
    parseJson(JSON.stringify(value), file, 'CONFIG_INVALID', { values: 4_000_000 });
    return { document, value };
  } catch (cause) {
    if (cause instanceof SignpostError) throw cause;
    throw new SignpostError('CONFIG_INVALID', `${file}: ${describeProblem((cause as Error).message)}`, {
      cause,
    });
  }
}

/** What the parser says; it shows the lines in question. */
function describeProblem(message: string): string {
  // It calls itself for each level, and nothing tells it how many there may be.
  if (message.includes('call stack')) return 'it is nested too deeply';
  return showLines(message);
}

function offsetOf(
  document: ReturnType<typeof parseDocument>,
  path: readonly PropertyKey[],
): number | undefined {
  let node: Node | null | undefined = document.contents;
  let found: number | undefined;
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find((one) => isScalar(one.key) && String(one.key.value) === String(key));
      if (pair === undefined) break;
      found = isScalar(pair.key) ? (pair.key.range?.[0] ?? found) : found;
      node = pair.value as Node | null;
    } else if (isSeq(node)) {
      node = node.items[Number(key)] as Node | undefined;
      found = node?.range?.[0] ?? found;
    } else {
      break;
    }
  }
  return found;
}
