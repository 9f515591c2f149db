import { parseJson } from '../../src/oci/parse-json.ts';
import type { Random } from './random.ts';

const deepMark = 'the fuzzer puts something deep here';

/**
 * One value somewhere inside a JSON document, or inside a line of several, replaced by what no writer would write there:
 * so that what is behind the syntax is reached. Other input comes back as it is.
 */
export function mutateJson(input: Buffer, random: Random): Buffer {
  const lines = input.toString('utf8').split('\n');
  const at = random.below(lines.length);
  const whole = parse(input.toString('utf8'));
  const found = whole ?? parse(lines[at] ?? '');
  if (found === undefined) return input;
  const changed = change(found.value, random, 1 + random.below(6));
  const text = JSON.stringify(changed).replaceAll(JSON.stringify(deepMark), () => deep(random));
  return Buffer.from(whole === undefined ? lines.with(at, text).join('\n') : text);
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    // Nor can what is deep be written again.
    return /^\s*[{[]/.test(text) ? { value: parseJson(text, 'it', 'SOURCE_INVALID') } : undefined;
  } catch {
    return undefined;
  }
}

/** Goes up to `depth` levels down and changes something there. */
function change(value: unknown, random: Random, depth: number): unknown {
  if (typeof value !== 'object' || value === null || depth === 0) return foreign(value, random);
  if (Array.isArray(value)) {
    const at = random.below(value.length);
    if (value.length === 0 || random.below(5) === 0) return [...value, foreign(value[0], random)];
    return value.with(at, change(value[at], random, depth - 1));
  }
  const keys = Object.keys(value);
  const key = keys[random.below(keys.length)] ?? 'x';
  const entries = Object.entries(value);
  switch (random.below(8)) {
    case 0:
      return Object.fromEntries(entries.filter(([name]) => name !== key));
    case 1:
      return Object.fromEntries([
        ...entries,
        [random.pick(['x', '__proto__', '', 'data', 'urls']), foreign(value, random)],
      ]);
    default:
      return Object.fromEntries(
        entries.map(([name, item]) => [name, name === key ? change(item, random, depth - 1) : item]),
      );
  }
}

function foreign(value: unknown, random: Random): unknown {
  return random.pick([
    null, true, false, 0, -1, 1.5, 1e300, 2 ** 53, '', ' ', [], {}, [null], [[]], { x: {} }, deepMark, [deepMark],
    { [deepMark]: deepMark }, 'x'.repeat(10_000), '\u0000', '\u009b31m', '\ud800', '\u202e', '../../x', value, [value], [value, value],
    { x: value }, String(value), Number(value),
  ]); // prettier-ignore
}

function deep(random: Random): string {
  const depth = random.pick([7, 30, 63, 200, 3000, 50_000]);
  const [open, close] = random.pick<readonly [string, string]>([['[', ']'], ['{"0":', '}'], ['[{"a":', '}]']]); // prettier-ignore
  return `${open.repeat(depth)}1${close.repeat(depth)}`;
}
