import { quote } from '../oci/digest.ts';
import { SignpostError } from '../oci/errors.ts';

/**
 * OLPC canonical JSON, over which TUF and Notary v1 sign: keys sorted, no white space, whole numbers only, and in
 * strings nothing escaped but the quotation mark and the backslash: a line feed, as keys in PEM have it, stays one. Keys
 * and strings here are printable ASCII otherwise, so that no two implementations can differ about sorting or normalising
 * them; anything else throws SignpostError REQUEST_INVALID.
 */
export function canonicalJson(value: unknown): string {
  if (typeof value === 'string') return formatString(value);
  if (typeof value === 'number' && Number.isSafeInteger(value) && !Object.is(value, -0)) return String(value);
  if (typeof value === 'boolean') return String(value);
  if (value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .filter(([, field]) => field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => `${formatString(key)}:${canonicalJson(field)}`)
      .join(',')}}`;
  }
  throw new SignpostError('REQUEST_INVALID', `${quote(value)} cannot be written as canonical JSON`);
}

function formatString(text: string): string {
  if (/^[\n\x20-\x7e]*$/.test(text)) return `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
  throw new SignpostError(
    'REQUEST_INVALID',
    `${JSON.stringify(text.slice(0, 80))} is not printable ASCII: it cannot be written as canonical JSON`,
  );
}
