import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseCertificates } from '../../src/adapters/keys/certificate-files.ts';
import type { RawSigner } from '../../src/ports/raw-signing.ts';
import { createVerifiedSigner } from '../../src/adapters/keys/verified-signer.ts';
import { type TrustedRoot, parseTrustedRoot } from '../../src/trust/notation/trusted-root.ts';

/** What test/vectors/notation/make.sh made with notation: signatures that live for 100 days. */
export function readNotationVector(name: string): Buffer {
  return readFileSync(join(import.meta.dirname, '../vectors/notation', name));
}

/** When the vectors were made, to a few seconds, in milliseconds since the epoch. */
export const notationVectorTime = Number(readNotationVector('time').toString()) * 1000;

/** The certificates of a vector such as "root.pem". */
export function notationVectorRoots(...names: readonly string[]): readonly TrustedRoot[] {
  return names.flatMap((name) =>
    parseCertificates(readNotationVector(name), name).map((der) => parseTrustedRoot(der, name)),
  );
}

/** Signs with the vectors' secret key, whose certificates are those of chain.pem. */
export function createNotationVectorSigner(): RawSigner {
  const key = createPrivateKey(readNotationVector('key.pem'));
  return createVerifiedSigner({
    name: 'key.pem',
    publicKey: createPublicKey(key),
    certificates: parseCertificates(readNotationVector('chain.pem'), 'chain.pem'),
    sign: (bytes) => Promise.resolve(sign('sha256', bytes, key)),
  });
}
