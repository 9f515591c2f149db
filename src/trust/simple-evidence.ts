import type { Evidence, SignatureEvidence } from './evidence.ts';
import { parseSimpleSigning } from './simple-signing.ts';

/**
 * What an OpenPGP signed message says as a simple signature. Its life is that of the OpenPGP signature, since that is
 * what stock clients enforce; the payload's own timestamp is not looked at.
 */
export function readSimpleEvidence(message: SignatureEvidence): Evidence {
  if (message.kind !== 'signed') return message;
  const { fingerprint, payload, created, expires } = message;
  try {
    const { reference, digest, serial } = parseSimpleSigning(payload);
    return { kind: 'signed', fingerprint, reference, digest, serial, created, expires };
  } catch (error) {
    return { kind: 'wrong-payload', fingerprint, reason: (error as Error).message };
  }
}
