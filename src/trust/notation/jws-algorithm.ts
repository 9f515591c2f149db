import { type KeyObject, constants, verify } from 'node:crypto';

/** An algorithm that goes with exactly one kind of key (Notary Project, signature-specification.md, "Signature Algorithm Requirements"). */
interface Algorithm {
  readonly hash: 'sha256' | 'sha384' | 'sha512';
  /** Bits of an RSA key, or OpenSSL's name of a curve. */
  readonly key: number | string;
}

const algorithms: Readonly<Record<string, Algorithm>> = {
  PS256: { hash: 'sha256', key: 2048 },
  PS384: { hash: 'sha384', key: 3072 },
  PS512: { hash: 'sha512', key: 4096 },
  ES256: { hash: 'sha256', key: 'prime256v1' },
  ES384: { hash: 'sha384', key: 'secp384r1' },
  ES512: { hash: 'sha512', key: 'secp521r1' },
};

/** Why a signature does not hold; undefined when it does. `name` is the algorithm's in RFC 7518, section 3.1. */
export function describeBadSignature(
  name: string,
  key: KeyObject,
  bytes: Uint8Array,
  signature: Uint8Array,
): string | undefined {
  const algorithm = Object.hasOwn(algorithms, name) ? algorithms[name] : undefined;
  if (algorithm === undefined) return `the algorithm is none of ${Object.keys(algorithms).join(', ')}`;
  const { namedCurve, modulusLength } = key.asymmetricKeyDetails ?? {};
  // One key, one algorithm: nobody else chooses how a signature is read.
  if (
    !['ec', 'rsa'].includes(key.asymmetricKeyType ?? '') ||
    (namedCurve ?? modulusLength) !== algorithm.key
  ) {
    return `the algorithm ${name} does not go with the leaf certificate's key`;
  }
  return holds(algorithm, key, bytes, signature) ? undefined : 'the signature does not verify';
}

function holds({ hash }: Algorithm, key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean {
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  const form = key.asymmetricKeyType === 'rsa' ? pss : ({ dsaEncoding: 'ieee-p1363' } as const);
  try {
    return verify(hash, bytes, { key, ...form }, signature);
  } catch {
    return false;
  }
}
