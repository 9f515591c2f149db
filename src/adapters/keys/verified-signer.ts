import { type KeyObject, X509Certificate, createPublicKey, verify } from 'node:crypto';
import { SignpostError } from '../../oci/errors.ts';
import type { RawSigner } from '../../ports/raw-signing.ts';

/** What a signer signs with, before its signatures are checked. */
export interface UncheckedSigner {
  /** For messages. */
  readonly name: string;
  readonly publicKey: KeyObject;
  /** DER, from the leaf to the root. */
  readonly certificates?: readonly Uint8Array[] | undefined;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** The longest `ECDSA-Sig-Value` of P-256: two integers of 33 bytes, with their headers. */
const signatureLimit = 72;

/**
 * A signer whose every signature is verified before it leaves: tokens answer with another key's signature, commands
 * with anything.
 * @throws SignpostError CONFIG_INVALID when the key is not ECDSA P-256, or the first certificate is for another key
 */
export function createVerifiedSigner(signer: UncheckedSigner): RawSigner {
  const { name, publicKey } = signer;
  // A smart card does one thing at a time, and one key may sign in several formats.
  let idle: Promise<unknown> = Promise.resolve();
  return createRawSigner({
    ...signer,
    async sign(bytes) {
      const made = idle.then(() => signer.sign(bytes));
      idle = made.catch(() => {});
      const signature = await made;
      if (signature.length <= signatureLimit && verify('sha256', bytes, publicKey, signature))
        return signature;
      throw new SignpostError(
        'DENIED',
        `${name} answered ${signature.length} bytes that are no signature by its own public key: expected the DER of ` +
          'an ECDSA signature on P-256 over SHA-256',
      );
    },
  });
}

/**
 * A signer that holds the key itself.
 * @throws SignpostError CONFIG_INVALID when the key is not ECDSA P-256, or the first certificate is for another key
 */
export function createRawSigner(signer: UncheckedSigner): RawSigner {
  const { name, publicKey, certificates } = signer;
  requireP256(publicKey, name);
  const spki = publicKey.export({ type: 'spki', format: 'der' });
  const [leaf] = certificates ?? [];
  if (leaf !== undefined && !spkiOf(leaf).equals(spki)) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name}: the first certificate of the chain is for another key: expected the chain from the leaf to the root`,
    );
  }
  return {
    algorithm: 'ecdsa-p256',
    publicKey: spki,
    ...(certificates === undefined ? {} : { certificates }),
    sign: (bytes) => signer.sign(bytes),
    close: () => Promise.resolve(),
  };
}

/**
 * A public key from PEM or DER (SubjectPublicKeyInfo).
 * @throws SignpostError CONFIG_INVALID
 */
export function parsePublicKey(bytes: Uint8Array, name: string): KeyObject {
  const text = Buffer.from(bytes);
  const pem = text.includes('-----BEGIN ');
  if (pem && text.includes('PRIVATE KEY-----')) {
    throw invalid(`${name} holds a private key: expected the public one`);
  }
  try {
    return createPublicKey(pem ? { key: text, format: 'pem' } : { key: text, format: 'der', type: 'spki' });
  } catch (cause) {
    throw invalid(`${name} holds no public key: ${(cause as Error).message}`, cause);
  }
}

/** @throws SignpostError CONFIG_INVALID */
export function requireP256(key: KeyObject, name: string): void {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details } = key;
  if (kind === 'ec' && details?.namedCurve === 'prime256v1') return;
  const found = [kind, details?.namedCurve, details?.modulusLength].filter((part) => part !== undefined);
  throw invalid(`${name} is a key of kind ${found.join(' ')}: expected ECDSA on P-256`);
}

function spkiOf(certificate: Uint8Array): Buffer {
  return new X509Certificate(certificate).publicKey.export({ type: 'spki', format: 'der' });
}

function invalid(message: string, cause?: unknown): SignpostError {
  return new SignpostError('CONFIG_INVALID', message, cause === undefined ? undefined : { cause });
}
