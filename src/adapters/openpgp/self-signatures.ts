import { type SignaturePacket, enums } from 'openpgp';
import type { KeyCopies, KeyPart } from './key-copies.ts';
import { packetTags } from './packet-frames.ts';
import { readRevokers } from './revokers.ts';
import { parseSignature } from './signature-packet.ts';
import { type VerifyingPrimary, hasUnknownPart, holdsOverKey } from './verify-data.ts';

/** What a key once said of itself or of one of its user IDs. Times are milliseconds since the epoch. */
export interface SelfSignature {
  readonly created: number;
  /** When the signature itself expires. */
  readonly expires: number | undefined;
  /** It takes back what earlier ones said. */
  readonly revokes: boolean;
  /** What the key may be used for; undefined when nothing is said of it. */
  readonly flags: number | undefined;
  /** When the key expires: Infinity for never, undefined when nothing is said of it. */
  readonly keyExpires: number | undefined;
}

/** All that holds of what a key says of itself. */
export interface SelfSignatures {
  readonly direct: readonly SelfSignature[];
  /** One list for each user ID. */
  readonly users: readonly (readonly SelfSignature[])[];
  /** Who else may revoke the key, by fingerprint (RFC 9580, section 5.2.3.23). */
  readonly revokers: ReadonlySet<string>;
}

/** Reads and verifies them. What others have signed, and what does not hold, is left out. */
export function readSelfSignatures({ primary, parts }: KeyCopies, key: VerifyingPrimary): SelfSignatures {
  const direct = [...primary.signatures.values()]
    .map(parseSignature)
    .filter((signature) => signature !== undefined)
    .filter(({ signatureType }) => signatureType === enums.signature.key)
    .filter((signature) => isBy(signature, key) && holdsOverKey(signature, hashedKey(primary.body), key));
  const users = [...parts.values()].filter(({ tag }) => tag === packetTags.userId);
  return {
    direct: direct.filter(isUnderstood).map((signature) => toSelfSignature(signature, key)),
    users: users.map((user) => readCertifications(user, primary, key)),
    revokers: new Set(direct.flatMap(({ signatureData }) => readRevokers(signatureData ?? new Uint8Array()))),
  };
}

function readCertifications(
  user: KeyPart,
  primary: KeyPart,
  key: VerifyingPrimary,
): readonly SelfSignature[] {
  const length = Buffer.alloc(5);
  length[0] = 0xb4;
  length.writeUInt32BE(user.body.length, 1);
  const data = Buffer.concat([hashedKey(primary.body), length, user.body]);
  return [...user.signatures.values()]
    .map(parseSignature)
    .filter((signature) => signature !== undefined)
    .filter((signature) => isCertification(signature) || isRevocation(signature))
    .filter((signature) => isBy(signature, key) && holdsOverKey(signature, data, key))
    .filter((signature) => isUnderstood(signature) || isRevocation(signature))
    .map((signature) => toSelfSignature(signature, key));
}

function isCertification({ signatureType }: SignaturePacket): boolean {
  const { certGeneric, certPersona, certCasual, certPositive } = enums.signature;
  const types = [certGeneric, certPersona, certCasual, certPositive];
  return types.some((type) => type === signatureType);
}

function isRevocation({ signatureType }: SignaturePacket): boolean {
  return signatureType === enums.signature.certRevocation;
}

function isUnderstood(signature: SignaturePacket): boolean {
  return !hasUnknownPart(signature);
}

/** Whether it says that it is by `key`, or does not say whom by. */
function isBy({ issuerKeyID }: SignaturePacket, { packet }: VerifyingPrimary): boolean {
  return /^0*$/.test(issuerKeyID.toHex()) || issuerKeyID.equals(packet.getKeyID());
}

/** What is hashed of a primary key of version 4 (RFC 9580, section 5.2.4). */
export function hashedKey(body: Uint8Array): Uint8Array {
  const header = Buffer.from([0x99, 0, 0]);
  header.writeUInt16BE(body.length, 1);
  return Buffer.concat([header, body]);
}

function toSelfSignature(signature: SignaturePacket, { packet }: VerifyingPrimary): SelfSignature {
  const created = signature.created?.getTime() ?? Number.NaN;
  const { signatureExpirationTime, keyExpirationTime, keyFlags } = signature;
  const after = (start: number, seconds: number) => (seconds === 0 ? Infinity : start + seconds * 1000);
  return {
    created,
    expires: signatureExpirationTime === null ? undefined : after(created, signatureExpirationTime),
    revokes: isRevocation(signature),
    flags: keyFlags === null ? undefined : (keyFlags[0] ?? 0),
    keyExpires: keyExpirationTime === null ? undefined : after(packet.created.getTime(), keyExpirationTime),
  };
}
