import { type PublicKey, enums, readKey, readKeys } from 'openpgp';
import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

/** A key ring larger than this is not one, in bytes. */
export const keyFileLimit = 1024 * 1024;

/**
 * Reads public keys, armoured or binary, one or several. `where` names them in messages.
 * @throws SignpostError CONFIG_INVALID when one is private, too weak or none at all
 */
export async function parsePublicKeys(bytes: Uint8Array, where: string): Promise<readonly PublicKey[]> {
  const keys = await parseKeys(bytes, where);
  for (const key of keys) {
    if (key.isPrivate()) {
      throw invalid(`${where} holds a private key: keep it away from here and export the public one`);
    }
    const weakness = describeWeakness(key, 2048);
    if (weakness !== undefined) throw invalid(`${where}: key ${fingerprintOf(key)} ${weakness}`);
  }
  return keys;
}

/** The fingerprint of the primary key, in upper-case hexadecimal. */
export function fingerprintOf(key: PublicKey): string {
  return key.getFingerprint().toUpperCase();
}

/**
 * Why stock clients cannot verify what the primary key signs, or undefined when they can (signatures.md: RSA, or
 * EdDSA of version 4 keys as GnuPG writes it).
 */
export function describeWeakness(key: PublicKey, leastBits: number): string | undefined {
  const { algorithm, bits } = key.getAlgorithmInfo();
  if (key.keyPacket.version !== 4) {
    return `is of version ${key.keyPacket.version}: stock clients know version 4 only`;
  }
  if (algorithm === 'rsaEncryptSign' || algorithm === 'rsaSign') {
    return bits !== undefined && bits >= leastBits
      ? undefined
      : `is RSA with ${bits} bits: expected ${leastBits} or more`;
  }
  if (key.keyPacket.algorithm === enums.publicKey.eddsaLegacy) return undefined;
  return `is of kind ${algorithm}: expected RSA with ${leastBits} bits or more, or Ed25519 as GnuPG makes it`;
}

/** Why the primary key may not sign data at `now`, or undefined when it may: revoked, expired, made for other uses. */
export async function describeUnusable(key: PublicKey, now: Date): Promise<string | undefined> {
  try {
    await key.verifyPrimaryKey(now);
    const { selfCertification } = await key.getPrimaryUser(now);
    const flags = selfCertification.keyFlags?.[0] ?? enums.keyFlags.signData;
    return (flags & enums.keyFlags.signData) === 0
      ? 'the primary key is not meant for signing data'
      : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

async function parseKeys(bytes: Uint8Array, where: string): Promise<readonly PublicKey[]> {
  if (bytes.length > keyFileLimit) throw invalid(`${where} has more than ${keyFileLimit} bytes`);
  const armoured = (bytes[0] ?? 0) < 0x80;
  try {
    return armoured ? await parseArmoured(Buffer.from(bytes).toString('latin1')) : await parseBinary(bytes);
  } catch (cause) {
    const start = armoured
      ? `, which starts with ${quote(Buffer.from(bytes.subarray(0, 20)).toString())},`
      : '';
    throw new SignpostError(
      'CONFIG_INVALID',
      `${where}${start} holds no OpenPGP public keys: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Several armoured blocks may follow each other, as `cat a.asc b.asc` makes them. */
async function parseArmoured(text: string): Promise<readonly PublicKey[]> {
  const blocks = text.match(/-----BEGIN PGP [A-Z ]{1,40}-----[\s\S]*?-----END PGP [A-Z ]{1,40}-----/g) ?? [];
  if (blocks.length === 0) throw new Error('there is no armoured block');
  return (await waitForAll(blocks.map((armoredKeys) => readKeys({ armoredKeys })))).flat();
}

async function parseBinary(binaryKeys: Uint8Array): Promise<readonly PublicKey[]> {
  const keys = await readKeys({ binaryKeys });
  return keys.length > 0 ? keys : [await readKey({ binaryKey: binaryKeys })];
}

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}
