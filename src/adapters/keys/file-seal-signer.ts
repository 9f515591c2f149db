import { type KeyObject, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import type { SealSigner } from '../../ports/seal-signer.ts';
import { checkSealAlgorithm, sealHash, sealKeyId } from '../../trust/hand-off/seal.ts';

/**
 * Seals with a private key in PEM (PKCS#8 or SEC 1). `passphrase` is asked only when the key is encrypted.
 * @throws SignpostError CONFIG_INVALID, DENIED when the passphrase is wrong
 */
export async function createFileSealSigner(
  file: { readonly name: string; readonly bytes: Uint8Array },
  passphrase: () => Promise<string>,
): Promise<SealSigner> {
  const pem = Buffer.from(file.bytes).toString('latin1');
  const encrypted = /-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: 4,ENCRYPTED/m.test(pem);
  const key = parseKey(pem, file.name, encrypted ? await passphrase() : undefined);
  checkSealAlgorithm(key, file.name);
  const publicKey = createPublicKey(key);
  const id = sealKeyId(publicKey);
  return {
    key: { id, key: publicKey },
    seal: (message) => Promise.resolve({ key: id, signature: sign(sealHash(key), message, key) }),
  };
}

function parseKey(pem: string, name: string, passphrase: string | undefined): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase });
  } catch (cause) {
    if (passphrase !== undefined) {
      throw new SignpostError(
        'DENIED',
        `cannot unlock ${name}: the passphrase is wrong, or the key damaged`,
        { cause },
      );
    }
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name} is not a private key in PEM: ${(cause as Error).message}. Make one with "openssl genpkey -algorithm ed25519"`,
      { cause },
    );
  }
}
