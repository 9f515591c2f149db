import { envelopeLimit } from '../envelope-limit.ts';
import type { Evidence } from '../evidence.ts';
import type { Certificate } from './certificate.ts';
import { describeInvalidTimes } from './certificate-chain.ts';
import { describeBadSignature } from './jws-algorithm.ts';
import { type NotationEnvelope, parseJws } from './jws.ts';
import { type OpenedChain, openChain } from './opened-chain.ts';
import { parseNotationPayload, readNotationMetadata } from './notation-payload.ts';
import { type TrustedRoot, fingerprintOfKey } from './trusted-root.ts';

/**
 * What a Notary Project signature says. The key that it counts for is that of the root: whom a root lets sign is its
 * owner's business, so that several leaves of one root are one voice. `now` is in milliseconds since the epoch; `open`
 * may remember chains.
 */
export function readNotation(
  bytes: Uint8Array,
  roots: readonly TrustedRoot[],
  now: number,
  open = openChain,
): Evidence {
  if (bytes.length > envelopeLimit) return forged(`it has more than ${envelopeLimit} bytes`);
  let envelope: NotationEnvelope;
  let chain: OpenedChain;
  try {
    envelope = parseJws(bytes);
    chain = open(envelope.certificates);
  } catch (error) {
    return forged((error as Error).message);
  }
  const { certificates, unfit } = chain;
  const [leaf] = certificates;
  const last = certificates.at(-1);
  if (leaf === undefined || last === undefined) return forged('there is no certificate');
  const { header, signed, signature } = envelope;
  const bad = describeBadSignature(header.algorithm, leaf.x509.publicKey, signed, signature);
  if (bad !== undefined) return forged(bad);

  // The very certificate, not its name or key alone: what the operator configured is what counts.
  const root = roots.find(({ certificate }) => Buffer.from(certificate.raw).equals(last.raw));
  if (root === undefined) return { kind: 'unknown-key', keyId: fingerprintOfKey(last) };
  const { fingerprint } = root;
  // A chain that was good when it signed does not stay so: nothing vouches for the time that it claims.
  const reason = unfit ?? describeInvalidTimes(certificates, [header.created, now]);
  if (reason !== undefined) return { kind: 'unusable-key', fingerprint, reason };
  return readStatement(envelope, certificates, fingerprint);
}

function readStatement(
  { header, payload }: NotationEnvelope,
  chain: readonly Certificate[],
  fingerprint: string,
): Evidence {
  try {
    const { digest, mediaType, size, metadata } = parseNotationPayload(payload);
    const { reference, serial } = readNotationMetadata(metadata);
    const { created, expires } = header;
    return {
      kind: 'signed',
      fingerprint,
      reference,
      digest,
      mediaType,
      size,
      serial,
      created,
      // Clients refuse it as soon as one of the certificates has expired.
      expires: expires && Math.min(expires, ...chain.map(({ notAfter }) => notAfter)),
    };
  } catch (error) {
    return { kind: 'wrong-payload', fingerprint, reason: (error as Error).message };
  }
}

function forged(reason: string): Evidence {
  return { kind: 'forged', reason };
}
