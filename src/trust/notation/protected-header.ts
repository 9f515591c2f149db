import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isArray, parseStrictJson, readField, readFields } from '../strict-json.ts';
import { formatSecond } from '../../text/format-time.ts';

/** What a Notary Project signature says of itself (signature-envelope-jws.md, "Protected Headers"). */
export interface ProtectedHeader {
  readonly algorithm: string;
  /** Milliseconds since the epoch. */
  readonly created: number;
  /** Milliseconds since the epoch; undefined when the signature never expires. */
  readonly expires: number | undefined;
}

const contentType = 'application/vnd.cncf.notary.payload.v1+json';
const scheme = 'notary.x509';
const schemeKey = 'io.cncf.notary.signingScheme';
const timeKey = 'io.cncf.notary.signingTime';
const expiryKey = 'io.cncf.notary.expiry';

/** Times become whole seconds. */
export function formatProtectedHeader(header: ProtectedHeader & { readonly expires: number }): Uint8Array {
  return Buffer.from(
    JSON.stringify({
      alg: header.algorithm,
      crit: [schemeKey, expiryKey],
      cty: contentType,
      [expiryKey]: formatSecond(header.expires),
      [schemeKey]: scheme,
      [timeKey]: formatSecond(header.created),
    }),
  );
}

/**
 * Reads a protected header that has nothing in it but what is understood here.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseProtectedHeader(bytes: Uint8Array): ProtectedHeader {
  const where = 'the protected header';
  const document = parseStrictJson(bytes, where);
  const expiring = Object.hasOwn(Object(document), expiryKey);
  const understood = [schemeKey, ...(expiring ? [expiryKey] : [])];
  checkCritical(document, understood, where);
  const keys = ['alg', 'crit', 'cty', timeKey, ...understood];
  const fields: Readonly<Partial<Record<string, unknown>>> = readFields(document, keys, where);
  readConstant(fields.cty, contentType, `${where}'s cty`);
  readConstant(fields[schemeKey], scheme, `${where}'s signing scheme`);
  const created = readTime(fields[timeKey], `${where}'s signing time`);
  const expires = expiring ? readTime(fields[expiryKey], `${where}'s expiry`) : undefined;
  if (expires !== undefined && expires <= created)
    throw invalid(`${where}'s expiry is not after its signing time`);
  const algorithm = readField(fields.alg, isText, 'the name of an algorithm', `${where}'s alg`);
  return { algorithm, created, expires };
}

/** RFC 7515, section 4.1.11: what is critical and not understood makes the whole invalid; so does what should be and is not. */
function checkCritical(document: unknown, understood: readonly string[], where: string): void {
  const crit: unknown = Reflect.get(Object(document), 'crit');
  const critical = readField(crit, isArray, 'a list of header names', `${where}'s crit`);
  const unknown = critical.find((name) => !understood.some((key) => key === name));
  if (unknown !== undefined) {
    throw invalid(`${where} marks ${quote(unknown)} as critical, which is absent or not understood here`);
  }
  if (new Set(critical).size !== critical.length) throw invalid(`${where}'s crit names a header twice`);
  const missing = understood.find((name) => !critical.includes(name));
  if (missing !== undefined) throw invalid(`${where} does not mark ${quote(missing)} as critical`);
}

/** RFC 3339 without fractions of a second. */

const timePattern = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

function readTime(value: unknown, where: string): number {
  const text = readField(value, isText, 'a time', where);
  const time = timePattern.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw invalid(`${where} is ${quote(text)}: expected a time such as "2026-01-02T03:04:05Z"`);
}

function readConstant(value: unknown, constant: string, where: string): void {
  readField(value, (found): found is string => found === constant, `"${constant}"`, where);
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
