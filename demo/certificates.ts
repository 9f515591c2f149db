// @peculiar/x509 builds on tsyringe, which wants this polyfill before it is loaded.
import 'reflect-metadata';
import { X509Certificate, randomBytes, webcrypto } from 'node:crypto';
import { isIP } from 'node:net';
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** Milliseconds since the epoch; X.509 keeps whole seconds. */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/** Both in PEM; the key is PKCS #8 and not encrypted. */
interface CertificateAndKey {
  readonly certificate: string;
  readonly key: string;
}

/** A certificate authority whose private key never leaves the process. */
export interface CertificateAuthority {
  /** Its own certificate in PEM, for clients to trust. */
  readonly certificate: string;
  /** A server certificate for the host names and IP addresses in `hosts`, at least one. */
  issue(hosts: readonly string[], validity: Validity): Promise<CertificateAndKey>;
}

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const signingAlgorithm = { name: 'ECDSA', hash: 'SHA-256' } as const;

/** Makes a certificate authority (RFC 5280) that signs server certificates and no other authority. */
export async function createCertificateAuthority(
  commonName: string,
  validity: Validity,
): Promise<CertificateAuthority> {
  const keys = await generateKeys();
  const name = [{ CN: [commonName] }];
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...commonFields(validity),
    name,
    keys,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return {
    certificate: toPem(authority.rawData),
    issue: async (hosts, validity) => {
      const server = await generateKeys();
      const certificate = await X509CertificateGenerator.create({
        ...commonFields(validity),
        subject: [{ CN: [hosts[0] ?? ''] }],
        issuer: name,
        publicKey: server.publicKey,
        signingKey: keys.privateKey,
        extensions: [
          new BasicConstraintsExtension(false, undefined, true),
          new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
          new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
          // Go's crypto/tls looks only here, never at the common name.
          new SubjectAlternativeNameExtension(
            hosts.map((host) => ({ type: isIP(host) === 0 ? 'dns' : 'ip', value: host })),
          ),
          await SubjectKeyIdentifierExtension.create(server.publicKey),
          await AuthorityKeyIdentifierExtension.create(keys.publicKey),
        ],
      });
      const key = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', server.privateKey));
      return { certificate: toPem(certificate.rawData), key: keyPem(key) };
    },
  };
}

function commonFields(validity: Validity) {
  return {
    serialNumber: createSerialNumber(),
    notBefore: new Date(validity.notBefore),
    notAfter: new Date(validity.notAfter),
    signingAlgorithm,
  };
}

async function generateKeys() {
  return webcrypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify']);
}

/** RFC 5280, section 4.1.2.2: positive, at most 20 octets. 16 octets, of which the first is 0x40 to 0x7f. */
function createSerialNumber(): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes.toString('hex');
}

function toPem(der: ArrayBuffer): string {
  return new X509Certificate(Buffer.from(der)).toString();
}

function keyPem(pkcs8: Buffer): string {
  const lines = pkcs8.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PRIVATE KEY-----', ...lines, '-----END PRIVATE KEY-----', ''].join('\n');
}
