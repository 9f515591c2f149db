import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';

/**
 * OLPC canonical JSON, over which TUF and Notary v1 sign: keys sorted, no white space, whole numbers only, and in
 * strings nothing escaped but the quotation mark and the backslash: a line feed, as keys in PEM have it, stays one. Keys
 * and strings here are printable ASCII otherwise, so that no two implementations can differ about sorting or normalising
 * them; anything else throws SignpostError REQUEST_INVALID.
 */
export function canonicalJson(value: unknown): string {
  return format(value, formatAscii, (a, b) => (a < b ? -1 : 1));
}

/**
 * The same of what others have signed, whose strings may have any characters: keys are sorted by code points, as most
 * implementations do. Where one does it otherwise its signature does not hold, and nothing else follows.
 */
export function foreignCanonicalJson(value: unknown): string {
  return format(value, formatAny, compareCodePoints);
}

function format(
  value: unknown,
  formatString: (text: string) => string,
  compare: (a: string, b: string) => number,
): string {
  const inner = (item: unknown) => format(item, formatString, compare);
  if (typeof value === 'string') return formatString(value);
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (typeof value === 'boolean') return String(value);
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(inner).join(',')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => compare(a, b))
      .map(([key, field]) => `${formatString(key)}:${inner(field)}`)
      .join(',')}}`;
  }
  throw new SignpostError('REQUEST_INVALID', `${quote(value)} cannot be written as canonical JSON`);
}

function formatAscii(text: string): string {
  if (/^[\n\x20-\x7e]*$/.test(text)) return escape(text);
  throw new SignpostError(
    'REQUEST_INVALID',
    `${quote(text)} is not printable ASCII: it cannot be written as canonical JSON`,
  );
}

function formatAny(text: string): string {
  if (text.isWellFormed()) return escape(text);
  throw new SignpostError(
    'REQUEST_INVALID',
    `${quote(text)} is not Unicode: it cannot be written as canonical JSON`,
  );
}

function escape(text: string): string {
  return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

// Units of UTF-16 sort as code points do, but for those that come in pairs.
function compareCodePoints(a: string, b: string): number {
  for (let at = 0; at < a.length && at < b.length; at += 1) {
    const [one, other] = [a.codePointAt(at) ?? 0, b.codePointAt(at) ?? 0];
    if (one !== other) return one - other;
  }
  return a.length - b.length;
}
