import { envelopeLimit } from '../envelope-limit.ts';
import type { Evidence } from '../evidence.ts';
import { type VerifyingKey, verifyEcdsa } from '../verifying-key.ts';
import { encodePreAuthentication } from './dsse.ts';
import { parseImageStatement } from './image-statement.ts';
import { type SigstoreBundle, parseSigstoreBundle, payloadType } from './sigstore-bundle.ts';

/** What a sigstore bundle says. Its hint is no more than that, but one that names no known key settles the matter. */
export function readSigstore(bytes: Uint8Array, keys: readonly VerifyingKey[]): Evidence {
  if (bytes.length > envelopeLimit) return forged(`it has more than ${envelopeLimit} bytes`);
  let bundle: SigstoreBundle;
  try {
    bundle = parseSigstoreBundle(bytes);
  } catch (error) {
    return forged((error as Error).message);
  }
  const named = Buffer.from(bundle.hint, 'base64').toString('hex').toUpperCase();
  const signer = keys.find(({ fingerprint }) => fingerprint === named);
  if (signer === undefined) return { kind: 'unknown-key', keyId: named };
  const signed = encodePreAuthentication(payloadType, bundle.payload);
  if (!verifyEcdsa(signer, signed, bundle.signature)) return forged('the signature does not verify');
  const { fingerprint } = signer;
  try {
    const { reference, digest, serial, created, expires } = parseImageStatement(bundle.payload);
    return { kind: 'signed', fingerprint, reference, digest, serial, created, expires };
  } catch (error) {
    return { kind: 'wrong-payload', fingerprint, reason: (error as Error).message };
  }
}

function forged(reason: string): Evidence {
  return { kind: 'forged', reason };
}
