import type { KeyObject } from 'node:crypto';
import { type DerElement, derTags, readDer, readDerList } from '../der.ts';
import type { Certificate } from './certificate.ts';

/** Object identifiers in hexadecimal: ECDSA (1.2.840.10045.4.3) and RSA (1.2.840.113549.1.1), SHA-256 and better. */
const signatureAlgorithms: ReadonlySet<string> = new Set([
  '2a8648ce3d040302',
  '2a8648ce3d040303',
  '2a8648ce3d040304',
  '2a864886f70d01010b',
  '2a864886f70d01010c',
  '2a864886f70d01010d',
]);

/** RSASSA-PSS, which names its hash in its parameters, where nothing means SHA-1 (RFC 4055, section 3.1). */
const pss = '2a864886f70d01010a';

/** 2.16.840.1.101.3.4.2.1 to .3: SHA-256, SHA-384, SHA-512. */
const pssHashes: ReadonlySet<string> = new Set([
  '608648016503040201',
  '608648016503040202',
  '608648016503040203',
]);

const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1']);

/** Why a certificate's key, or what it was signed with, is too weak; undefined when it is not. */
export function describeWeakCertificate({ x509, signatureAlgorithm }: Certificate): string | undefined {
  const weakness = describeWeakKey(x509.publicKey);
  if (weakness !== undefined) return weakness;
  const [oid, parameters] = readDerList(readDer(signatureAlgorithm, derTags.sequence).body);
  const name = hex(oid);
  if (signatureAlgorithms.has(name)) return undefined;
  if (name === pss && parameters !== undefined && pssHashes.has(pssHash(parameters))) return undefined;
  return 'was not signed with SHA-256 or better';
}

/** Why a key is too weak; undefined when it is not. */
function describeWeakKey({ asymmetricKeyType: kind, asymmetricKeyDetails }: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve = '' } = asymmetricKeyDetails ?? {};
  if (kind === 'rsa') {
    return modulusLength >= 2048
      ? undefined
      : `has an RSA key of ${modulusLength} bits: expected 2048 or more`;
  }
  if (kind === 'ec') {
    return curves.has(namedCurve) ? undefined : `has a key on ${namedCurve}: expected P-256, P-384 or P-521`;
  }
  return `has a key of kind ${kind}: expected RSA or ECDSA`;
}

function pssHash(parameters: DerElement): string {
  const [hash] = readDerList(parameters.body);
  if (hash?.tag !== 0xa0) return '';
  return hex(readDerList(readDer(hash.body, derTags.sequence).body)[0]);
}

function hex(element: DerElement | undefined): string {
  return element?.tag === derTags.oid ? Buffer.from(element.body).toString('hex') : '';
}
