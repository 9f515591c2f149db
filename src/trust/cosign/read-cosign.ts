import { envelopeLimit } from '../envelope-limit.ts';
import type { Evidence } from '../evidence.ts';
import { type VerifyingKey, verifyEcdsa } from '../verifying-key.ts';
import { type CosignEnvelope, parseCosignEnvelope } from './cosign-envelope.ts';
import { parseCosignPayload } from './cosign-payload.ts';

/** What an envelope of the attached form says. Nothing in it names a key: each that is known is tried. */
export function readCosign(bytes: Uint8Array, keys: readonly VerifyingKey[]): Evidence {
  if (bytes.length > envelopeLimit) return forged(`it has more than ${envelopeLimit} bytes`);
  let envelope: CosignEnvelope;
  try {
    envelope = parseCosignEnvelope(bytes);
  } catch (error) {
    return forged((error as Error).message);
  }
  const { payload, signature } = envelope;
  const signer = keys.find((key) => verifyEcdsa(key, payload, signature));
  if (signer === undefined)
    return forged("no key that is known has made it: it is another signer's, or made up");
  const { fingerprint } = signer;
  try {
    const { reference, digest, serial, created, expires } = parseCosignPayload(payload);
    return { kind: 'signed', fingerprint, reference, digest, serial, created, expires };
  } catch (error) {
    return { kind: 'wrong-payload', fingerprint, reason: (error as Error).message };
  }
}

function forged(reason: string): Evidence {
  return { kind: 'forged', reason };
}
