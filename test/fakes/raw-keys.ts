import { type KeyObject, generateKeyPairSync } from 'node:crypto';

/** A new ECDSA P-256 key: objects, and as files have it. */
export interface RawKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** PKCS #8 in PEM. */
  readonly pem: string;
  /** SubjectPublicKeyInfo in PEM. */
  readonly publicPem: string;
}

export function createRawKey(namedCurve = 'P-256'): RawKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return {
    privateKey,
    publicKey,
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }),
  };
}
