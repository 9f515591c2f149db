import { PublicKeyPacket, enums } from 'openpgp';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { type KeyCopies, type KeyRing, PrivateKeyError, addKeyFile, writeKey } from './key-copies.ts';
import { type KeyHistory, describeUnusable } from './key-validity.ts';
import { readRevocations } from './revocations.ts';
import { readSelfSignatures } from './self-signatures.ts';
import { type VerifyingPrimary, openVerifyingPrimary } from './verify-data.ts';

/** A key ring larger than this is not one, in bytes. */
export const keyFileLimit = 1024 * 1024;

/** A file with public keys; `name` is for messages. */
export interface KeyFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A public key with all that its copies say of it. */
export interface OpenPgpKey extends VerifyingPrimary {
  /** Of the primary key, in upper-case hexadecimal. */
  readonly fingerprint: string;
  /** Why the primary key may not sign data at `now` (milliseconds since the epoch), or undefined when it may. */
  readonly unusable: (now: number) => string | undefined;
  /** The key in binary. */
  readonly bytes: Uint8Array;
}

/**
 * Reads public keys, armoured or binary, one or several to a file. Copies of one key are merged over all the files, as
 * GnuPG does it: what the newest says counts, and a revocation counts wherever it is, also without the key.
 * @throws SignpostError CONFIG_INVALID when one is private, too weak or damaged, or there is none at all
 */
export async function parsePublicKeys(files: readonly KeyFile[]): Promise<readonly OpenPgpKey[]> {
  const ring: KeyRing = { keys: new Map(), revocations: new Map() };
  const found: { readonly copies: KeyCopies; readonly file: KeyFile }[] = [];
  for (const file of files) {
    const before = ring.keys.size;
    await addFile(ring, file);
    for (const copies of [...ring.keys.values()].slice(before)) found.push({ copies, file });
  }
  const names = files.map(({ name }) => name).join(', ');
  if (found.length === 0) throw invalid(`${names}: there are revocations of OpenPGP keys, and no keys`);
  const opened: { readonly copies: KeyCopies; readonly primary: VerifyingPrimary }[] = [];
  for (const { copies, file } of found)
    opened.push({ copies, primary: await openPrimary(copies, file.name) });
  const byFingerprint = new Map(opened.map(({ primary }) => [fingerprintOf(primary.packet), primary]));
  return opened.map(({ copies, primary }) => {
    const self = readSelfSignatures(copies, primary);
    const { revoked, signatures } = readRevocations(copies, primary, ring, self.revokers, byFingerprint);
    const history: KeyHistory = { ...self, created: primary.packet.created.getTime(), revoked };
    return {
      ...primary,
      fingerprint: fingerprintOf(primary.packet),
      unusable: (now: number) => describeUnusable(history, now),
      bytes: writeKey(copies, signatures),
    };
  });
}

/** The fingerprint of a key, in upper-case hexadecimal. */
export function fingerprintOf(packet: Pick<PublicKeyPacket, 'getFingerprint'>): string {
  return packet.getFingerprint().toUpperCase();
}

/**
 * Why stock clients cannot verify what a primary key signs, or undefined when they can: they know RSA, and EdDSA of
 * version 4 keys as GnuPG writes it.
 */
export function describeWeakness(
  packet: Pick<PublicKeyPacket, 'getAlgorithmInfo' | 'version' | 'algorithm'>,
  leastBits: number,
): string | undefined {
  const { algorithm, bits } = packet.getAlgorithmInfo();
  if (packet.version !== 4) {
    return `is of version ${packet.version}: stock clients know version 4 only`;
  }
  if (algorithm === 'rsaEncryptSign' || algorithm === 'rsaSign') {
    return bits !== undefined && bits >= leastBits
      ? undefined
      : `is RSA with ${bits} bits: expected ${leastBits} or more`;
  }
  if (packet.algorithm === enums.publicKey.eddsaLegacy) return undefined;
  return `is of kind ${algorithm}: expected RSA with ${leastBits} bits or more, or Ed25519 as GnuPG makes it`;
}

async function addFile(ring: KeyRing, { name, bytes }: KeyFile): Promise<void> {
  if (bytes.length > keyFileLimit) throw invalid(`${name} has more than ${keyFileLimit} bytes`);
  try {
    await addKeyFile(ring, bytes);
  } catch (cause) {
    if (cause instanceof PrivateKeyError) {
      throw invalid(`${name} holds a private key: keep it away from here and export the public one`);
    }
    const armoured = (bytes[0] ?? 0) < 0x80;
    const start = armoured
      ? `, which starts with ${quote(Buffer.from(bytes.subarray(0, 20)).toString())},`
      : '';
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name}${start} holds no OpenPGP public keys that can be used: ${(cause as Error).message}`,
      { cause },
    );
  }
}

async function openPrimary({ primary }: KeyCopies, where: string): Promise<VerifyingPrimary> {
  const packet = new PublicKeyPacket();
  try {
    await packet.read(primary.body);
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${where} holds a key that cannot be read: ${(cause as Error).message}`,
      { cause },
    );
  }
  const weakness = describeWeakness(packet, 2048);
  if (weakness !== undefined) throw invalid(`${where}: key ${fingerprintOf(packet)} ${weakness}`);
  return openVerifyingPrimary(packet, where);
}

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}
