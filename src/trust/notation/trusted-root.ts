import { createHash } from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import { type Certificate, parseCertificate } from './certificate.ts';
import { describeWeakCertificate } from './certificate-strength.ts';

/** A certificate that chains may end in. */
export interface TrustedRoot {
  readonly certificate: Certificate;
  /** Of its key, as evidence names keys. */
  readonly fingerprint: string;
}

/**
 * A root from DER. `name` is for messages.
 * @throws SignpostError CONFIG_INVALID when it is not self-signed, or too weak
 */
export function parseTrustedRoot(der: Uint8Array, name: string): TrustedRoot {
  const certificate = parse(der, name);
  const { x509, issuer, subject } = certificate;
  if (!Buffer.from(issuer).equals(subject) || !x509.verify(x509.publicKey)) {
    throw invalid(`${name}: the certificate of "${certificate.name}" is not self-signed: expected a root`);
  }
  const weakness = describeWeakCertificate(certificate);
  if (weakness !== undefined) throw invalid(`${name}: the certificate of "${certificate.name}" ${weakness}`);
  return { certificate, fingerprint: fingerprintOfKey(certificate) };
}

/** The SHA-256 of the DER SubjectPublicKeyInfo, in upper-case hexadecimal. */
export function fingerprintOfKey({ x509 }: Certificate): string {
  const spki = x509.publicKey.export({ type: 'spki', format: 'der' });
  return createHash('sha256').update(spki).digest('hex').toUpperCase();
}

function parse(der: Uint8Array, name: string): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    throw new SignpostError('CONFIG_INVALID', `${name}: ${(cause as Error).message}`, { cause });
  }
}

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}
