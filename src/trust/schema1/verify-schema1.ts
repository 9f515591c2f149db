import { verify } from 'node:crypto';
import { quote } from '../../oci/digest.ts';
import { isSignpostError } from '../../oci/errors.ts';
import { objectOf, readAnything } from '../json-reader.ts';
import { isLibtrustAlgorithm, libtrustAlgorithms, readLibtrustKey } from './libtrust-key.ts';
import { type Schema1Manifest, type Schema1Signature, readSchema1 } from './read-schema1.ts';

/** An embedded signature that holds. Whose it is nobody vouches for: the key came with it. */
export interface Schema1Signer {
  readonly keyId: string;
  readonly algorithm: string;
  /** When it was made, in the signer's own words (RFC 3339). */
  readonly time: string;
}

export type Schema1Verdict =
  | { readonly ok: true; readonly manifest: Schema1Manifest; readonly signers: readonly Schema1Signer[] }
  | { readonly ok: false; readonly reason: string };

/** Reads a Docker schema 1 manifest and verifies every signature in it: one that does not hold spoils it. */
export function verifySchema1(bytes: Uint8Array): Schema1Verdict {
  try {
    const manifest = readSchema1(bytes);
    const signers: Schema1Signer[] = [];
    for (const [index, signature] of manifest.signatures.entries()) {
      const signer = verifyOne(signature, manifest.payload, `signatures[${index}]`);
      if (typeof signer === 'string') return { ok: false, reason: signer };
      signers.push(signer);
    }
    return { ok: true, manifest, signers };
  } catch (error) {
    if (!isSignpostError(error)) throw error;
    return { ok: false, reason: error.message };
  }
}

const readHeader = objectOf({ jwk: readAnything, alg: readAnything });

function verifyOne(
  { header, protected: format, signature, time }: Schema1Signature,
  payload: Uint8Array,
  where: string,
): Schema1Signer | string {
  if (typeof header === 'object' && header !== null && 'x5c' in header) {
    return `${where} comes with certificates (x5c), which are not read here: only keys (jwk) are`;
  }
  const { jwk, alg } = readHeader(header, `${where} header`);
  if (!isLibtrustAlgorithm(alg)) {
    return `${where} header alg is ${quote(alg)}: expected one of ${Object.keys(libtrustAlgorithms).join(', ')}`;
  }
  const { key, keyId } = readLibtrustKey(jwk, alg, `${where} header jwk`);
  // RFC 7515, section 5.1: the protected header and the payload, each in base64url.
  const signed = Buffer.from(`${format}.${Buffer.from(payload).toString('base64url')}`);
  const holds = verify(libtrustAlgorithms[alg].hash, signed, { key, dsaEncoding: 'ieee-p1363' }, signature);
  return holds
    ? { keyId, algorithm: alg, time }
    : `${where} does not hold: the manifest or the signature was changed`;
}
