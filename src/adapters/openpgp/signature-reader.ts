import { type PublicKey, SignaturePacket, enums } from 'openpgp';
import type { Clock } from '../../ports/clock.ts';
import type { SignatureReader } from '../../ports/signing.ts';
import { signatureLimit } from '../../ports/tree.ts';
import type { SignatureEvidence } from '../../trust/evidence.ts';
import { decompressMessage } from './decompress.ts';
import { type Packet, readPackets } from './packet-frames.ts';
import { describeUnusable, fingerprintOf, parsePublicKeys } from './public-keys.ts';
import {
  type DataVerifyingKey,
  describeBadSignature,
  isStrongHash,
  openDataVerifyingKey,
} from './verify-data.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';

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
  const keys = (await waitForAll(files.map(openKeys))).flat();
  const byKeyId = new Map(keys.map((opened) => [opened.key.getKeyID().toHex(), opened]));
  return {
    fingerprints: [...new Set(keys.map(({ key }) => fingerprintOf(key)))],
    read: (message) => {
      const plain = compressed ? decompressMessage(message) : message;
      return 'wrong' in plain
        ? Promise.resolve(forged(plain.wrong))
        : readSignature(plain, byKeyId, clock.now());
    },
  };
}

async function openKeys({ name, bytes }: KeyFile): Promise<readonly OpenedKey[]> {
  const keys = await parsePublicKeys(bytes, name);
  return keys.map((key) => ({ ...openDataVerifyingKey(key, name), unusable: rememberUnusable(key) }));
}

interface OpenedKey extends DataVerifyingKey {
  /** Why it may not sign data at a moment, or undefined when it may. */
  readonly unusable: (now: number) => Promise<string | undefined>;
}

/** OpenPGP counts in seconds: within one the answer is the same. */
function rememberUnusable(key: PublicKey): OpenedKey['unusable'] {
  let known: { readonly second: number; readonly reason: Promise<string | undefined> } | undefined;
  return (now) => {
    const second = Math.floor(now / 1000);
    if (known?.second !== second) known = { second, reason: describeUnusable(key, new Date(now)) };
    return known.reason;
  };
}

const tags = { onePass: 4, literal: 11, signature: 2, compressed: 8 } as const;
async function readSignature(
  message: Uint8Array,
  keys: ReadonlyMap<string, OpenedKey>,
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
  return verify(signature, payload, keys, now);
}

async function verify(
  signature: SignaturePacket,
  payload: Uint8Array,
  keys: ReadonlyMap<string, OpenedKey>,
  now: number,
): Promise<SignatureEvidence> {
  // Only primary keys are looked up: stock clients before late 2025 reject what a subkey has signed.
  const keyId = signature.issuerKeyID.toHex();
  const opened = keys.get(keyId);
  if (opened === undefined) return { kind: 'unknown-key', keyId: keyId.toUpperCase() };
  // Whether it has expired is for the policy to say, apart from whether it holds.
  const wrong = describeBadSignature(signature, payload, opened);
  if (wrong !== undefined) return forged(wrong);
  const fingerprint = fingerprintOf(opened.key);
  const reason = await opened.unusable(now);
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
  if (!isStrongHash(signature.hashAlgorithm)) return 'its hash is not SHA-256, SHA-384 or SHA-512';
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
