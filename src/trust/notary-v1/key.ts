import { X509Certificate, createHash, createPublicKey, verify } from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import { canonicalJson } from '../canonical-json.ts';
import { type Read, constantOf, objectOf, readBase64, spellingOf, valueOf } from '../json-reader.ts';
import type { OpenedKey } from '../tuf/key.ts';

/** A public key as Notary v1 writes it. */
export type NotaryKey = Read<typeof readNotaryKey>;
export const readNotaryKey = objectOf({
  /** The root role's key comes in a certificate. */
  keytype: valueOf(
    (value): value is 'ecdsa' | 'ecdsa-x509' => value === 'ecdsa' || value === 'ecdsa-x509',
    '"ecdsa" or "ecdsa-x509"',
  ),
  /** Base64 of the DER SubjectPublicKeyInfo, or of the certificate's PEM. */
  keyval: objectOf({ private: constantOf(null), public: spellingOf(readBase64) }),
});

/** @param spki DER SubjectPublicKeyInfo */
export function notaryKeyOf(spki: Uint8Array): NotaryKey {
  return { keytype: 'ecdsa', keyval: { private: null, public: Buffer.from(spki).toString('base64') } };
}

/**
 * The key of a root role. `certificate` is DER.
 * @throws SignpostError TRUST for a key other than ECDSA P-256, and for an authority's certificate
 */
export function notaryRootKeyOf(certificate: Uint8Array): NotaryKey {
  const parsed = parseCertificate(certificate);
  if (parsed?.publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') {
    throw new SignpostError('TRUST', 'the root role of Notary v1 needs a certificate for an ECDSA P-256 key');
  }
  if (parsed.ca) {
    throw new SignpostError(
      'TRUST',
      "the certificate is an authority's, as openssl makes them by itself, and notary and docker take none of these for " +
        'the root role: make it with -addext basicConstraints=critical,CA:false',
    );
  }
  const pem = Buffer.from(parsed.toString()).toString('base64');
  return { keytype: 'ecdsa-x509', keyval: { private: null, public: pem } };
}

/** The SHA-256 of the key's canonical JSON, in hexadecimal. */
export function notaryKeyId(key: NotaryKey): string {
  return createHash('sha256').update(canonicalJson(key)).digest('hex');
}

/** The certificate of a root role's key; undefined when it has none that can be read. */
export function certificateOf({ keytype, keyval }: NotaryKey): X509Certificate | undefined {
  return keytype === 'ecdsa-x509' ? parseCertificate(Buffer.from(keyval.public, 'base64')) : undefined;
}

export function openNotaryKey(key: NotaryKey): OpenedKey {
  return {
    identity: notaryKeyId(key),
    holds: (bytes, signature) => notarySignatureHolds(key, bytes, signature),
  };
}

/** Whether `signature`, base64 of r and s, is this key's over `bytes`. Takes hostile input. */
export function notarySignatureHolds(key: NotaryKey, bytes: Uint8Array, signature: string): boolean {
  try {
    const der = Buffer.from(key.keyval.public, 'base64');
    const publicKey =
      certificateOf(key)?.publicKey ?? createPublicKey({ key: der, type: 'spki', format: 'der' });
    if (publicKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return false;
    const raw = Buffer.from(signature, 'base64');
    return verify('sha256', bytes, { key: publicKey, dsaEncoding: 'ieee-p1363' }, raw);
  } catch {
    return false;
  }
}

function parseCertificate(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}
