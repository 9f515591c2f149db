import type { SignaturePacket } from 'openpgp';
import type { KeyCopies, KeyRing } from './key-copies.ts';
import { formatSecond } from '../../text/format-time.ts';
import { hashedKey } from './self-signatures.ts';
import { parseSignature } from './signature-packet.ts';
import { type VerifyingPrimary, holdsOverKey } from './verify-data.ts';

/** Whether a key is revoked, and by which signatures. */
export interface Revocations {
  /** Says by whom and when, or undefined when the key is not revoked. */
  readonly revoked: string | undefined;
  /** Their packets. */
  readonly signatures: readonly Uint8Array[];
}

/**
 * The revocations in `ring` that hold for a key: its own, and those of the keys that it has named as its revokers. What
 * anybody else says counts for nothing. Neither date nor reason matters: clients refuse all that a revoked key has
 * signed. `known` has the keys by fingerprint. A revoker whose key is not there is believed, since the key's owner chose
 * it and trust must not end with a file that somebody forgot.
 */
export function readRevocations(
  { primary }: KeyCopies,
  key: VerifyingPrimary,
  ring: KeyRing,
  revokers: ReadonlySet<string>,
  known: ReadonlyMap<string, VerifyingPrimary>,
): Revocations {
  const data = hashedKey(primary.body);
  const judge = (signature: SignaturePacket): string | undefined => {
    const time = formatSecond(signature.created?.getTime() ?? 0);
    if (holdsOverKey(signature, data, key)) return `the key was revoked on ${time}`;
    const issuer = signature.issuerKeyID.toHex().toUpperCase();
    const revoker = [...revokers].find((fingerprint) => fingerprint.endsWith(issuer));
    if (revoker === undefined) return undefined;
    const by = known.get(revoker);
    if (by === undefined) {
      return `the key seems to have been revoked on ${time} by ${revoker}, which it names as its revoker and whose key is not in the files: remove the revoked key from them`;
    }
    return holdsOverKey(signature, data, by) ? `the key was revoked on ${time} by ${revoker}` : undefined;
  };
  let revoked: string | undefined;
  const signatures: Uint8Array[] = [];
  for (const body of ring.revocations.values()) {
    const signature = parseSignature(body);
    const reason = signature && judge(signature);
    if (reason === undefined) continue;
    revoked ??= reason;
    signatures.push(body);
  }
  return { revoked, signatures };
}
