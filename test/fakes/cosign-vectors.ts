import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawSigner } from '../../src/ports/raw-signing.ts';
import { parseVerifyingKey, parseVerifyingKeys } from '../../src/trust/verifying-key.ts';

/** What test/vectors/cosign/make.sh made with cosign: signatures from 2026-01-01 that live for 100 days. */
export function readCosignVector(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../vectors/cosign', name));
}

/** The keys of a vector such as "key.pub". */
export const cosignVectorKeys = (name: string) => parseVerifyingKeys(readCosignVector(name), name);

/** Signs with the vectors' secret key. */
export function createVectorRawSigner(): RawSigner {
  return createMemoryRawSigner(createPrivateKey(readCosignVector('key.pem')));
}

/** A key of its own, that signs for real. */
export function createMemoryRawSigner(
  key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey,
): RawSigner {
  return {
    algorithm: 'ecdsa-p256',
    publicKey: createPublicKey(key).export({ type: 'spki', format: 'der' }),
    sign: (bytes) => Promise.resolve(sign('sha256', bytes, { key, dsaEncoding: 'der' })),
    close: () => Promise.resolve(),
  };
}

export const verifyingKeyOf = ({ publicKey }: RawSigner) => parseVerifyingKey(publicKey, 'a key in memory');
