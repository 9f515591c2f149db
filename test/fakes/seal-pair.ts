import { generateKeyPairSync } from 'node:crypto';
import { createFileSealSigner } from '../../src/adapters/keys/file-seal-signer.ts';
import type { SealSigner } from '../../src/ports/seal-signer.ts';
import { type SealKey, parseSealKey } from '../../src/trust/hand-off/seal.ts';

/** A new key that really seals. */
export interface SealPair {
  readonly signer: SealSigner;
  readonly key: SealKey;
  /** The private key in PEM. */
  readonly privatePem: string;
  readonly publicPem: string;
}

export async function createSealPair(): Promise<SealPair> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const privatePem = privateKey.export({ format: 'pem', type: 'pkcs8' });
  const publicPem = publicKey.export({ format: 'pem', type: 'spki' });
  return {
    signer: await createFileSealSigner({ name: 'own.pem', bytes: Buffer.from(privatePem) }, () =>
      Promise.reject(new Error('no passphrase is needed')),
    ),
    key: parseSealKey(publicPem, 'own.pub'),
    privatePem,
    publicPem,
  };
}
