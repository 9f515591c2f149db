// @peculiar/x509 builds on tsyringe, which wants this polyfill before it is loaded.
import 'reflect-metadata';
import { KeyObject, webcrypto } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  type Extension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PublicKey,
  X509CertificateGenerator,
} from '@peculiar/x509';

/** What differs from a good certificate of its place in the chain. */
export interface CertificateChanges {
  readonly subject?: string;
  /** Milliseconds since the epoch. */
  readonly notBefore?: number;
  readonly notAfter?: number;
  /** Undefined: no such extension. */
  readonly uses?: KeyUsageFlags | undefined;
  readonly usesCritical?: boolean;
  readonly authority?: boolean | undefined;
  readonly authorityCritical?: boolean;
  readonly pathLength?: number;
  readonly extendedUses?: readonly string[];
  readonly more?: readonly Extension[];
  /** DER SubjectPublicKeyInfo of a key that is elsewhere: it signs no other certificate. */
  readonly publicKey?: Uint8Array;
  readonly key?: 'P-256' | 'P-384' | 'rsa1024' | 'rsa2048';
  /** What its issuer signs it with. */
  readonly hash?: 'SHA-1' | 'SHA-256';
}

export interface TestChain {
  /** DER, from the leaf to the root. */
  readonly certificates: readonly Uint8Array[];
  /** Of the leaf. */
  readonly key: KeyObject;
}

const algorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384' },
  rsa1024: rsa(1024),
  rsa2048: rsa(2048),
} as const;

function rsa(modulusLength: number) {
  const publicExponent = new Uint8Array([1, 0, 1]);
  return { name: 'RSASSA-PKCS1-v1_5', modulusLength, publicExponent, hash: 'SHA-256' };
}

/** Makes a chain that is good but for the changes, which are given from the leaf to the root. */
export async function createTestChain(
  now: number,
  ...changes: readonly CertificateChanges[]
): Promise<TestChain> {
  const places = changes.map(
    (change, index): Required<Pick<CertificateChanges, 'subject'>> & CertificateChanges => ({
      ...(index === 0
        ? { uses: KeyUsageFlags.digitalSignature }
        : { uses: KeyUsageFlags.keyCertSign, authority: true }),
      subject: `CN=certificate ${index}`,
      ...change,
    }),
  );
  const keys = await Promise.all(places.map(({ key = 'P-256' }) => generate(algorithms[key])));
  const certificates: Uint8Array[] = [];
  for (const [index, place] of places.entries()) {
    const issuer = Math.min(index + 1, places.length - 1);
    const [own, parent] = [keys[index], keys[issuer]];
    if (own === undefined || parent === undefined) throw new Error('there is no key');
    const { hash = 'SHA-256' } = place;
    const certificate = await X509CertificateGenerator.create({
      serialNumber: `01${index}0`,
      notBefore: new Date(place.notBefore ?? now - 86_400_000),
      notAfter: new Date(place.notAfter ?? now + 1000 * 86_400_000),
      subject: place.subject,
      issuer: places[issuer]?.subject ?? '',
      publicKey: place.publicKey === undefined ? own.publicKey : new PublicKey(place.publicKey),
      signingKey: hash === 'SHA-1' ? await weaken(parent.privateKey) : parent.privateKey,
      signingAlgorithm: { name: parent.privateKey.algorithm.name, hash },
      extensions: extensionsOf(place),
    });
    certificates.push(new Uint8Array(certificate.rawData));
  }
  const [leaf] = keys;
  if (leaf === undefined) throw new Error('a chain has one certificate or more');
  return { certificates, key: KeyObject.from(leaf.privateKey) };
}

function extensionsOf(place: CertificateChanges): Extension[] {
  const { uses, usesCritical = true, authority, authorityCritical = true, pathLength, extendedUses } = place;
  return [
    ...(uses === undefined ? [] : [new KeyUsagesExtension(uses, usesCritical)]),
    ...(authority === undefined
      ? []
      : [new BasicConstraintsExtension(authority, pathLength, authorityCritical)]),
    ...(extendedUses === undefined ? [] : [new ExtendedKeyUsageExtension([...extendedUses])]),
    ...(place.more ?? []),
  ];
}

function generate(algorithm: (typeof algorithms)[keyof typeof algorithms]): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}

/** RSA keys of Web Cryptography are for one hash alone: this is the same key for SHA-1. */
async function weaken(key: webcrypto.CryptoKey): Promise<webcrypto.CryptoKey> {
  if (key.algorithm.name === 'ECDSA') return key;
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', key);
  return webcrypto.subtle.importKey('pkcs8', pkcs8, { name: key.algorithm.name, hash: 'SHA-1' }, true, [
    'sign',
  ]);
}
