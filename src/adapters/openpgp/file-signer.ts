import {
  LiteralDataPacket,
  type PrivateKey,
  type SecretKeyPacket,
  SignaturePacket,
  config,
  decryptKey,
  enums,
  readPrivateKey,
} from 'openpgp';
import { SignpostError } from '../../oci/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Signer } from '../../ports/signing.ts';
import { describeUnusable, describeWeakness, fingerprintOf, keyFileLimit } from './public-keys.ts';

/** Least size of an RSA key that may sign anew, in bits; 2048 is still accepted from others. */
const leastBits = 3072;

/**
 * A signer that has an OpenPGP secret key in memory. `passphrase` is asked only when the key is protected.
 * @throws SignpostError CONFIG_INVALID when the key cannot sign for stock clients, DENIED when the passphrase is wrong
 */
export async function createFileSigner(
  file: { readonly name: string; readonly bytes: Uint8Array },
  passphrase: () => Promise<string>,
  clock: Clock,
): Promise<Signer> {
  const locked = await parseSecretKey(file.name, file.bytes);
  const weakness = describeWeakness(locked, leastBits);
  if (weakness !== undefined) throw invalid(`${file.name}: the primary key ${weakness}`);
  const unusable = await describeUnusable(locked, new Date(clock.now()));
  if (unusable !== undefined) throw invalid(`${file.name}: the key cannot be used: ${unusable}`);
  const key = await unlock(locked, file.name, passphrase);
  const { keyPacket } = key;
  return {
    fingerprint: fingerprintOf(key),
    publicKey: key.toPublic().write(),
    sign: (payload, created, expires) => signMessage(keyPacket as SecretKeyPacket, payload, created, expires),
    close: () => Promise.resolve(),
  };
}

async function parseSecretKey(name: string, bytes: Uint8Array): Promise<PrivateKey> {
  if (bytes.length > keyFileLimit) throw invalid(`${name} has more than ${keyFileLimit} bytes`);
  try {
    return (bytes[0] ?? 0) < 0x80
      ? await readPrivateKey({ armoredKey: Buffer.from(bytes).toString('latin1') })
      : await readPrivateKey({ binaryKey: bytes });
  } catch (cause) {
    throw new SignpostError(
      'CONFIG_INVALID',
      `${name} is not an OpenPGP secret key: ${(cause as Error).message}`,
      { cause },
    );
  }
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
  return Buffer.concat([framePacket(4, onePass), framePacket(11, body), framePacket(2, signature.write())]);
}

/** What the library's function takes; its types leave out the last parameter and a packet as data. */
type SignPacket = (
  key: SecretKeyPacket,
  data: LiteralDataPacket,
  date: Date,
  detached: boolean,
  configuration: typeof config,
) => Promise<void>;

/** A packet with a length of four bytes (RFC 9580, section 4.2.1.3). */
function framePacket(tag: number, body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(6);
  header[0] = 0xc0 | tag;
  header[1] = 0xff;
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

function invalid(message: string): SignpostError {
  return new SignpostError('CONFIG_INVALID', message);
}
