import { generateKeyPairSync, sign } from 'node:crypto';
import type { RawSigner } from '../../src/ports/raw-signing.ts';

/** A new key in memory that really signs. */
export function createRawSigner(certificates?: readonly Uint8Array[]): RawSigner {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    algorithm: 'ecdsa-p256',
    publicKey: publicKey.export({ type: 'spki', format: 'der' }),
    ...(certificates && { certificates }),
    sign: (bytes) => Promise.resolve(sign('sha256', bytes, privateKey)),
    close: () => Promise.resolve(),
  };
}
