import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { formatSecond } from '../../text/format-time.ts';
import { constantOf, objectOf, textUpTo, valueOf } from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';

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

const readCritical = valueOf(isList, 'a list of header names');
const readFields = objectOf(
  {
    alg: textUpTo(Infinity, 'the name of an algorithm'),
    crit: readCritical,
    cty: constantOf(contentType),
    [schemeKey]: constantOf(scheme),
    [timeKey]: readTime,
  },
  { [expiryKey]: readTime },
);

/**
 * Reads a protected header that has nothing in it but what is understood here.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseProtectedHeader(bytes: Uint8Array): ProtectedHeader {
  const where = 'the protected header';
  const document = parseStrictJson(bytes, where);
  checkCritical(document, where);
  const { alg: algorithm, [timeKey]: created, [expiryKey]: expires } = readFields(document, where);
  if (expires !== undefined && expires <= created)
    throw invalid(`${where}'s expiry is not after its signing time`);
  return { algorithm, created, expires };
}

/** RFC 7515, section 4.1.11: what is critical and not understood makes the whole invalid; so does what should be and is not. */
function checkCritical(document: unknown, where: string): void {
  const understood = [schemeKey, ...(Object.hasOwn(Object(document), expiryKey) ? [expiryKey] : [])];
  const critical = readCritical(Reflect.get(Object(document), 'crit'), `${where} crit`);
  const unknown = critical.find((name) => !understood.some((key) => key === name));
  if (unknown !== undefined) {
    throw invalid(`${where} marks ${quote(unknown)} as critical, which is absent or not understood here`);
  }
  if (new Set(critical).size !== critical.length) throw invalid(`${where}'s crit names a header twice`);
  const missing = understood.find((name) => !critical.includes(name));
  if (missing !== undefined) throw invalid(`${where} does not mark ${quote(missing)} as critical`);
}

/** RFC 3339 without fractions of a second. */
const readText = textUpTo(Infinity, 'a time');
const timePattern = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:Z|[+-][0-9]{2}:[0-9]{2})$/;

function readTime(value: unknown, where: string): number {
  const text = readText(value, where);
  const time = timePattern.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(time)) return time;
  throw invalid(`${where} is ${quote(text)}: expected a time such as "2026-01-02T03:04:05Z"`);
}

function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
