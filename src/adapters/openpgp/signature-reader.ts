import { LiteralDataPacket, type PublicKey, SignaturePacket, config, enums } from 'openpgp';
import type { Clock } from '../../ports/clock.ts';
import type { SignatureReader } from '../../ports/signing.ts';
import { signatureLimit } from '../../ports/tree.ts';
import type { SignatureEvidence } from '../../trust/evidence.ts';
import { decompressMessage } from './decompress.ts';
import { type Packet, readPackets } from './packet-frames.ts';
import { describeUnusable, fingerprintOf, parsePublicKeys } from './public-keys.ts';

/** A file with public keys; `name` is for messages. */
export interface KeyFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * A reader that knows the public keys of `files`. Keys may expire while it lives: `clock` says when. `compressed` takes
 * compressed messages too: other tools make them, and some clients cannot read them.
 * @throws SignpostError CONFIG_INVALID
 */
export async function createSignatureReader(
  files: readonly KeyFile[],
  clock: Clock,
  { compressed = false } = {},
): Promise<SignatureReader> {
  const keys = (await Promise.all(files.map(({ name, bytes }) => parsePublicKeys(bytes, name)))).flat();
  const byKeyId = new Map<string, PublicKey>(keys.map((key) => [key.getKeyID().toHex(), key]));
  return {
    fingerprints: [...new Set(keys.map(fingerprintOf))],
    read: (message) => {
      const plain = compressed ? decompressMessage(message) : message;
      return 'wrong' in plain
        ? Promise.resolve(forged(plain.wrong))
        : readSignature(plain, byKeyId, clock.now());
    },
  };
}

const tags = { onePass: 4, literal: 11, signature: 2, compressed: 8 } as const;
const strongHashes: ReadonlySet<number | null> = new Set([
  enums.hash.sha256,
  enums.hash.sha384,
  enums.hash.sha512,
]);

async function readSignature(
  message: Uint8Array,
  keys: ReadonlyMap<string, PublicKey>,
  now: number,
): Promise<SignatureEvidence> {
  if (message.length > signatureLimit) return forged(`it has more than ${signatureLimit} bytes`);
  const packets = readPackets(message);
  if ('wrong' in packets) return forged(packets.wrong);
  const [onePass, literal, signed] = packets;
  if (
    onePass?.tag !== tags.onePass ||
    literal?.tag !== tags.literal ||
    signed?.tag !== tags.signature ||
    packets.length !== 3
  ) {
    return forged(
      packets[0]?.tag === tags.compressed
        ? 'it is compressed: expected an uncompressed signed message'
        : 'it is not one signed message with one signature',
    );
  }
  const payload = readLiteral(literal.body);
  const signature = parseSignature(signed);
  if (payload === undefined || signature === undefined) return forged('a packet is malformed');
  const mismatch = compareOnePass(onePass.body, signature);
  if (mismatch !== undefined) return forged(mismatch);
  return verify(signature, literal.body, payload, keys, now);
}

async function verify(
  signature: SignaturePacket,
  literal: Uint8Array,
  payload: Uint8Array,
  keys: ReadonlyMap<string, PublicKey>,
  now: number,
): Promise<SignatureEvidence> {
  // Only primary keys are looked up: stock clients before late 2025 reject what a subkey has signed.
  const keyId = signature.issuerKeyID.toHex();
  const key = keys.get(keyId);
  if (key === undefined) return { kind: 'unknown-key', keyId: keyId.toUpperCase() };
  const fingerprint = fingerprintOf(key);
  try {
    const data = new LiteralDataPacket();
    await data.read(literal);
    await signature.verify(key.keyPacket, enums.signature.binary, data, noDate, false, config);
  } catch (error) {
    return forged((error as Error).message);
  }
  const reason = await describeUnusable(key, new Date(now));
  if (reason !== undefined) return { kind: 'unusable-key', fingerprint, reason };
  const created = signature.created?.getTime() ?? Number.NaN;
  const life = signature.signatureExpirationTime ?? 0;
  return {
    kind: 'signed',
    fingerprint,
    payload,
    created,
    expires: life === 0 ? undefined : created + life * 1000,
  };
}

// The library takes null for "leave the dates alone", which its types do not say. Whether a signature has expired is
// for the policy to say, apart from whether it holds.
const noDate = null as unknown as Date;

/** RFC 9580, section 5.9: format, file name, date, data. */
function readLiteral(body: Uint8Array): Uint8Array | undefined {
  const [format, nameLength = 0] = body;
  const start = 2 + nameLength + 4;
  return format === 0x62 && start <= body.length ? body.subarray(start) : undefined;
}

function parseSignature({ body }: Packet): SignaturePacket | undefined {
  try {
    const signature = new SignaturePacket();
    signature.read(body);
    return signature;
  } catch {
    return undefined;
  }
}

/**
 * RFC 9580, section 5.4. GnuPG chooses the hash by the one-pass packet and the key by either: if they disagreed,
 * clients could too. Says what is wrong.
 */
function compareOnePass(body: Uint8Array, signature: SignaturePacket): string | undefined {
  const [version, type, hash, algorithm] = body;
  if (signature.version !== 4 || version !== 3 || body.length !== 13) return 'it is not of version 4';
  if (type !== 0 || signature.signatureType !== enums.signature.binary)
    return 'it is not a signature over binary data';
  if (!strongHashes.has(signature.hashAlgorithm)) return 'its hash is not SHA-256, SHA-384 or SHA-512';
  const keyId = Buffer.from(body.subarray(4, 12)).toString('hex');
  const same =
    hash === signature.hashAlgorithm &&
    algorithm === signature.publicKeyAlgorithm &&
    keyId === signature.issuerKeyID.toHex() &&
    body[12] === 1;
  return same ? undefined : 'its one-pass packet and its signature packet disagree';
}

function forged(reason: string): SignatureEvidence {
  return { kind: 'forged', reason };
}
