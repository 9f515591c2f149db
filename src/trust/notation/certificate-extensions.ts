import { SignpostError } from '../../oci/errors.ts';
import { type DerElement, derTags, expectTag, readDer, readDerList } from '../der.ts';

/** What the extensions of a certificate allow it to be used for (RFC 5280, section 4.2.1). */
export interface CertificateExtensions {
  readonly keyUsage?: { readonly critical: boolean; readonly uses: readonly KeyUse[] };
  readonly basicConstraints?: {
    readonly critical: boolean;
    readonly authority: boolean;
    /** How many intermediate certificates may follow; undefined for any number. */
    readonly pathLength: number | undefined;
  };
  /** Object identifiers, in hexadecimal. */
  readonly extendedKeyUsage?: readonly string[];
  /** Object identifiers, in hexadecimal, of critical extensions that are not understood here. */
  readonly unknownCritical: readonly string[];
}

/** In the order of the bits (RFC 5280, section 4.2.1.3). */
const keyUses = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

type KeyUse = (typeof keyUses)[number];

/** id-kp-codeSigning, 1.3.6.1.5.5.7.3.3. */
export const codeSigning = '2b06010505070303';

const known = { keyUsage: '551d0f', basicConstraints: '551d13', extendedKeyUsage: '551d25' } as const;

/**
 * Reads the extensions; `body` is that of the explicit tag around them, undefined where there are none.
 * @throws SignpostError REQUEST_INVALID
 */
export function readExtensions(body: Uint8Array | undefined): CertificateExtensions {
  const found = new Map<string, { readonly critical: boolean; readonly value: Uint8Array }>();
  for (const element of body === undefined ? [] : readDerList(readDer(body, derTags.sequence).body)) {
    const { oid, critical, value } = readExtension(element);
    // RFC 5280, section 4.2: not more than one of each. Two readers could choose differently.
    if (found.has(oid)) throw invalid(`it has the extension ${oid} twice`);
    found.set(oid, { critical, value });
  }
  const keyUsage = found.get(known.keyUsage);
  const constraints = found.get(known.basicConstraints);
  const extended = found.get(known.extendedKeyUsage);
  const understood: ReadonlySet<string> = new Set(Object.values(known));
  return {
    ...(keyUsage && { keyUsage: { critical: keyUsage.critical, uses: readKeyUses(keyUsage.value) } }),
    ...(constraints && {
      basicConstraints: { critical: constraints.critical, ...readConstraints(constraints.value) },
    }),
    ...(extended && { extendedKeyUsage: readOids(extended.value) }),
    unknownCritical: [...found].flatMap(([oid, { critical }]) =>
      critical && !understood.has(oid) ? [oid] : [],
    ),
  };
}

function readExtension({ tag, body }: DerElement) {
  if (tag !== derTags.sequence) throw invalid('an extension is no sequence');
  const fields = readDerList(body);
  const critical = fields[1]?.tag === derTags.boolean;
  const oid = Buffer.from(expectTag(fields[0], derTags.oid).body).toString('hex');
  const value = expectTag(fields[critical ? 2 : 1], derTags.octetString).body;
  // In DER "false" is the default, and so never written.
  if (critical && !readTrue(fields[1])) throw invalid('an extension says false where it may say nothing');
  if (fields.length !== (critical ? 3 : 2)) throw invalid('an extension has too many parts');
  return { oid, critical, value };
}

function readKeyUses(value: Uint8Array): readonly KeyUse[] {
  const [unused = 8, ...bits] = readDer(value, derTags.bitString).body;
  if (unused > 7 || bits.length > 2) throw invalid('its key usage is malformed');
  return keyUses.filter((_, index) => (((bits[index >> 3] ?? 0) << (index & 7)) & 0x80) !== 0);
}

function readConstraints(value: Uint8Array) {
  const fields = readDerList(readDer(value, derTags.sequence).body);
  const authority = fields[0]?.tag === derTags.boolean && readTrue(fields[0]);
  const [length, ...more] = authority ? fields.slice(1) : fields;
  if (more.length > 0) throw invalid('its basic constraints are malformed');
  return { authority, pathLength: length === undefined ? undefined : readSmallInteger(length) };
}

function readTrue(element: DerElement | undefined): boolean {
  return element?.body.length === 1 && element.body[0] === 0xff;
}

function readSmallInteger(element: DerElement): number {
  const { body } = expectTag(element, derTags.integer);
  const [value = 0x80] = body;
  if (body.length !== 1 || value >= 0x80) throw invalid('its path length is not from 0 to 127');
  return value;
}

function readOids(value: Uint8Array): readonly string[] {
  return readDerList(readDer(value, derTags.sequence).body).map((element) =>
    Buffer.from(expectTag(element, derTags.oid).body).toString('hex'),
  );
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', `not a certificate: ${message}`);
}
