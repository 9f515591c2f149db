import {
  LiteralDataPacket,
  type PrivateKey,
  type SecretKeyPacket,
  SignaturePacket,
  config,
  decryptKey,
  enums,
  readPrivateKeys,
} from 'openpgp';
import { SignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../trust/signing.ts';
import { readArmour } from '../openpgp/armour.ts';
import { packetLimit } from '../openpgp/key-copies.ts';
import { framePacket, packetTags, readPackets } from '../openpgp/packet-frames.ts';
import {
  type KeyFile,
  describeWeakness,
  fingerprintOf,
  keyFileLimit,
  parsePublicKeys,
} from '../openpgp/public-keys.ts';

/** Least size of an RSA key that may sign anew, in bits; 2048 is still accepted from others. */
const leastBits = 3072;

/**
 * A signer that has an OpenPGP secret key in memory. `passphrase` is asked only when the key is protected.
 * @throws SignpostError CONFIG_INVALID when the key cannot sign for stock clients, DENIED when the passphrase is wrong
 */
export async function createFileSigner(
  file: KeyFile,
  passphrase: () => Promise<string>,
  clock: Clock,
): Promise<Signer> {
  const { locked, publicFiles } = await readSecretKey(file);
  const weakness = describeWeakness(locked.keyPacket, leastBits);
  if (weakness !== undefined) throw invalid(`${file.name}: the primary key ${weakness}`);
  const fingerprint = fingerprintOf(locked);
  const known = (await parsePublicKeys(publicFiles)).find((key) => key.fingerprint === fingerprint);
  const unusable = known?.unusable(clock.now());
  if (unusable !== undefined) throw invalid(`${file.name}: the key cannot be used: ${unusable}`);
  const { keyPacket } = await unlock(locked, file.name, passphrase);
  return {
    fingerprint,
    publicKey: known?.bytes ?? locked.toPublic().write(),
    sign: (payload, created, expires) => signMessage(keyPacket as SecretKeyPacket, payload, created, expires),
    close: () => Promise.resolve(),
  };
}

interface SecretKey {
  readonly locked: PrivateKey;
  /** All that the file says of the key, which can be there several times, with revocations beside it. */
  readonly publicFiles: readonly KeyFile[];
}

async function readSecretKey({ name, bytes }: KeyFile): Promise<SecretKey> {
  if (bytes.length > keyFileLimit) throw invalid(`${name} has more than ${keyFileLimit} bytes`);
  const found = await parseSecretKeys(name, bytes);
  const [locked] = found.secret;
  if (locked === undefined) throw invalid(`${name} is not an OpenPGP secret key: there is none in it`);
  if (found.secret.some((key) => fingerprintOf(key) !== fingerprintOf(locked))) {
    throw invalid(`${name} holds several secret keys: export the one that signs alone`);
  }
  const own = found.secret.map((key) => ({ name, bytes: key.toPublic().write() }));
  return { locked, publicFiles: [...own, ...found.publicFiles] };
}

async function parseSecretKeys(name: string, bytes: Uint8Array) {
  const secret: PrivateKey[] = [];
  const publicFiles: KeyFile[] = [];
  try {
    const armoured = (bytes[0] ?? 0) < 0x80;
    for (const block of armoured ? await readArmour(Buffer.from(bytes).toString('latin1')) : [bytes]) {
      const packets = readPackets(block, packetLimit, `it has more than ${packetLimit} packets`);
      const starts = 'wrong' in packets ? undefined : packets[0]?.tag;
      if (starts === packetTags.publicKey || starts === packetTags.signature) {
        publicFiles.push({ name, bytes: block });
      } else secret.push(...(await readPrivateKeys({ binaryKeys: block })));
    }
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name} is not an OpenPGP secret key: ${(cause as Error).message}`,
      { cause },
    );
  }
  return { secret, publicFiles };
}

async function unlock(key: PrivateKey, name: string, passphrase: () => Promise<string>): Promise<PrivateKey> {
  if (key.isDecrypted()) return key;
  const secret = await passphrase();
  try {
    return await decryptKey({ privateKey: key, passphrase: secret });
  } catch (cause) {
    throw new SignpostError('DENIED', `cannot unlock ${name}: ${(cause as Error).message}`, { cause });
  }
}

/**
 * One-pass signature, literal data, signature (RFC 9580, section 10.3): put together packet by packet, since the
 * library's own function cannot set when a signature expires.
 */
async function signMessage(
  key: SecretKeyPacket,
  payload: Uint8Array,
  created: number,
  expires: number,
): Promise<Uint8Array> {
  const seconds = Math.floor(expires / 1000) - Math.floor(created / 1000);
  if (seconds <= 0 || seconds > 0xffffffff) {
    throw new SignpostError('USAGE', `a signature cannot live for ${seconds} seconds`);
  }
  const date = Buffer.alloc(4);
  date.writeUInt32BE(Math.floor(created / 1000));
  // Format "b", no file name, the date, the data (RFC 9580, section 5.9).
  const body = Buffer.concat([Buffer.from([0x62, 0]), date, payload]);
  const literal = new LiteralDataPacket();
  await literal.read(body);

  const signature = new SignaturePacket();
  signature.signatureType = enums.signature.binary;
  signature.publicKeyAlgorithm = key.algorithm;
  signature.hashAlgorithm = enums.hash.sha256;
  signature.signatureNeverExpires = false;
  signature.signatureExpirationTime = seconds;
  const sign = signature.sign.bind(signature) as unknown as SignPacket;
  await sign(key, literal, new Date(Math.floor(created / 1000) * 1000), false, config);

  // RFC 9580, section 5.4: version, type, hash, public-key algorithm, key, and "there is no further signature".
  const onePass = Buffer.from([
    3,
    enums.signature.binary,
    enums.hash.sha256,
    key.algorithm,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
  ]);
  onePass.write(key.getKeyID().toHex(), 4, 'hex');
  return Buffer.concat([
    framePacket(packetTags.onePass, onePass),
    framePacket(packetTags.literal, body),
    framePacket(packetTags.signature, signature.write()),
  ]);
}

/** What the library's function takes; its types leave out the last parameter and a packet as data. */
type SignPacket = (
  key: SecretKeyPacket,
  data: LiteralDataPacket,
  date: Date,
  detached: boolean,
  configuration: typeof config,
) => Promise<void>;

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}
