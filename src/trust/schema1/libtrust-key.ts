import { type KeyObject, createHash, createPublicKey } from 'node:crypto';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { objectOf, readAnything, readBase64Url, spellingOf } from '../json-reader.ts';

/** A public key that came inside of a signature: whoever made the signature chose it. */
export interface LibtrustKey {
  readonly key: KeyObject;
  /** As libtrust writes it: `W4FP:LXBP:...`, twelve groups of four. */
  readonly keyId: string;
}

/** How the algorithms that libtrust knows hash, and with what kind of key. */
export const libtrustAlgorithms = {
  ES256: { hash: 'sha256', kind: 'prime256v1' },
  ES384: { hash: 'sha384', kind: 'secp384r1' },
  ES512: { hash: 'sha512', kind: 'secp521r1' },
  RS256: { hash: 'sha256', kind: 'rsa' },
  RS384: { hash: 'sha384', kind: 'rsa' },
  RS512: { hash: 'sha512', kind: 'rsa' },
} as const;
export type LibtrustAlgorithm = keyof typeof libtrustAlgorithms;

export function isLibtrustAlgorithm(value: unknown): value is LibtrustAlgorithm {
  return typeof value === 'string' && Object.hasOwn(libtrustAlgorithms, value);
}

/** In bits. */
const leastRsa = 2048;

// Numbers have one spelling: the library would read several.
const readNumber = spellingOf(readBase64Url);
const readRsa = objectOf({ e: readNumber, kid: readAnything, kty: readAnything, n: readNumber });
const readCurve = objectOf({
  crv: readAnything,
  kid: readAnything,
  kty: readAnything,
  x: readNumber,
  y: readNumber,
});

/**
 * Reads a JSON Web Key (RFC 7517) as libtrust writes it, for an algorithm. Its "kid" has to be its own fingerprint.
 * @throws SignpostError REQUEST_INVALID
 */
export function readLibtrustKey(jwk: unknown, algorithm: LibtrustAlgorithm, where: string): LibtrustKey {
  const { kind } = libtrustAlgorithms[algorithm];
  const { kid, ...rest } = (kind === 'rsa' ? readRsa : readCurve)(jwk, where);
  const key = importKey(rest, where);
  const found = key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType;
  if (found !== kind)
    throw invalid(`${where} is a key of kind ${quote(found)}, which does not sign with ${algorithm}`);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && bits < leastRsa) {
    throw invalid(`${where} is RSA with ${bits} bits, which is too weak: at least ${leastRsa} are expected`);
  }
  const keyId = fingerprintOf(key);
  if (kid !== keyId) throw invalid(`${where} kid is ${quote(kid)}: the fingerprint of the key is ${keyId}`);
  return { key, keyId };
}

/** libtrust, util.go, keyIDFromCryptoKey: SHA-256 of the DER SubjectPublicKeyInfo, its first 240 bits in base32. */
export function fingerprintOf(key: KeyObject): string {
  const hash = createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest();
  const letters = toBase32(hash.subarray(0, 30));
  return (letters.match(/.{4}/g) ?? []).join(':');
}

function importKey(fields: Readonly<Record<string, unknown>>, where: string): KeyObject {
  try {
    return createPublicKey({ key: fields, format: 'jwk' });
  } catch (cause) {
    throw invalid(`${where} is no public key: ${quote((cause as Error).message)}`, cause);
  }
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** RFC 4648, section 6, for whole groups of five bytes. */
function toBase32(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes) bits = (bits << 8n) | BigInt(byte);
  let text = '';
  for (let left = (bytes.length * 8) / 5; left > 0; left -= 1) {
    text = (alphabet[Number(bits & 31n)] ?? '') + text;
    bits >>= 5n;
  }
  return text;
}

function invalid(message: string, cause?: unknown): SignpostError {
  return new SignpostError('REQUEST_INVALID', message, cause === undefined ? undefined : { cause });
}
