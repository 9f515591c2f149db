import { X509Certificate } from 'node:crypto';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { derTags, expectTag, readDer, readDerList } from '../der.ts';
import { type CertificateExtensions, readExtensions } from './certificate-extensions.ts';

/** An X.509 certificate with all that its role in a chain depends on. */
export interface Certificate {
  readonly x509: X509Certificate;
  readonly raw: Uint8Array;
  /** In one line, printable. */
  readonly name: string;
  /** DER. */
  readonly subject: Uint8Array;
  /** DER. */
  readonly issuer: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly notBefore: number;
  /** Milliseconds since the epoch: the last second in which it is valid. */
  readonly notAfter: number;
  /** DER: what it was signed with. */
  readonly signatureAlgorithm: Uint8Array;
  readonly extensions: CertificateExtensions;
}

/** Larger certificates are refused, in bytes. */
const sizeLimit = 16 * 1024;

/**
 * Reads a certificate from DER (RFC 5280, section 4.1). Its signature is not verified.
 * @throws SignpostError REQUEST_INVALID
 */
export function parseCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > sizeLimit) throw invalid(`it has more than ${sizeLimit} bytes`);
  const [tbs, outer] = readDerList(readDer(bytes, derTags.sequence).body);
  const fields = readDerList(expectTag(tbs, derTags.sequence).body);
  // Versions before 3 have no extensions, and so no key usage: there the first field is the serial number.
  if (fields[0]?.tag !== versionTag) throw invalid('it is not of version 3');
  const [, , inner, issuer, , subject] = fields;
  const signatureAlgorithm = expectTag(outer, derTags.sequence).raw;
  if (!Buffer.from(signatureAlgorithm).equals(expectTag(inner, derTags.sequence).raw)) {
    throw invalid('it names two different signature algorithms');
  }
  const x509 = readX509(bytes);
  return {
    x509,
    raw: bytes,
    name: printable(x509.subject),
    subject: expectTag(subject, derTags.sequence).raw,
    issuer: expectTag(issuer, derTags.sequence).raw,
    notBefore: x509.validFromDate.getTime(),
    notAfter: x509.validToDate.getTime(),
    signatureAlgorithm,
    extensions: readExtensions(fields.find(({ tag }) => tag === extensionsTag)?.body),
  };
}

const versionTag = 0xa0;
const extensionsTag = 0xa3;

function readX509(bytes: Uint8Array): X509Certificate {
  try {
    const x509 = new X509Certificate(bytes);
    // A key of a kind that is not known is found here, not later in the middle of a verification.
    return x509.publicKey.asymmetricKeyType === undefined ? fail() : x509;
  } catch (cause) {
    throw new SignpostError('REQUEST_INVALID', `not a certificate: ${quote((cause as Error).message)}`, {
      cause,
    });
  }
}

function fail(): never {
  throw invalid('it has no public key');
}

/** Names are free text, and must not draw on a terminal. */
function printable(text: string): string {
  return text
    .trim()
    .replaceAll(/\s*\n\s*/g, ', ')
    .slice(0, 200)
    .replaceAll(/[^\x20-\x7e]/g, '?');
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', `not a certificate: ${message}`);
}
