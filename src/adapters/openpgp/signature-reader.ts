import { type SignaturePacket, enums } from 'openpgp';
import type { SignatureReader } from '../../trust/signing.ts';
import { signatureLimit } from '../../ports/tree.ts';
import type { SignatureEvidence } from '../../trust/evidence.ts';
import { decompressMessage } from './decompress.ts';
import { packetTags, readPackets } from './packet-frames.ts';
import { type KeyFile, type OpenPgpKey, parsePublicKeys } from './public-keys.ts';
import { parseSignature } from './signature-packet.ts';
import { describeBadSignature, isStrongHash } from './verify-data.ts';

/**
 * A reader that knows the public keys of `files`. `compressed` takes compressed messages too: other tools make them, and
 * some clients cannot read them.
 * @throws SignpostError CONFIG_INVALID
 */
export async function createSignatureReader(
  files: readonly KeyFile[],
  { compressed = false } = {},
): Promise<SignatureReader> {
  const keys = await parsePublicKeys(files);
  // Two keys can have the same ID: it is a part of the fingerprint.
  const byKeyId = Map.groupBy(keys, ({ packet }) => packet.getKeyID().toHex());
  return {
    fingerprints: keys.map(({ fingerprint }) => fingerprint),
    read: (message, now) => {
      const plain = compressed ? decompressMessage(message) : message;
      return 'wrong' in plain ? forged(plain.wrong) : readSignature(plain, byKeyId, now);
    },
  };
}

function readSignature(
  message: Uint8Array,
  keys: ReadonlyMap<string, readonly OpenPgpKey[]>,
  now: number,
): SignatureEvidence {
  if (message.length > signatureLimit) return forged(`it has more than ${signatureLimit} bytes`);
  const packets = readPackets(message, 3, 'there is something after the signature');
  if ('wrong' in packets) return forged(packets.wrong);
  const [onePass, literal, signed] = packets;
  if (
    onePass?.tag !== packetTags.onePass ||
    literal?.tag !== packetTags.literal ||
    signed?.tag !== packetTags.signature ||
    packets.length !== 3
  ) {
    return forged(
      packets[0]?.tag === packetTags.compressed
        ? 'it is compressed: expected an uncompressed signed message'
        : 'it is not one signed message with one signature',
    );
  }
  const payload = readLiteral(literal.body);
  const signature = parseSignature(signed.body);
  if (payload === undefined || signature === undefined) return forged('a packet is malformed');
  const mismatch = compareOnePass(onePass.body, signature);
  if (mismatch !== undefined) return forged(mismatch);
  return verify(signature, payload, keys, now);
}

function verify(
  signature: SignaturePacket,
  payload: Uint8Array,
  keys: ReadonlyMap<string, readonly OpenPgpKey[]>,
  now: number,
): SignatureEvidence {
  // Only primary keys are looked up: stock clients before late 2025 reject what a subkey has signed.
  const keyId = signature.issuerKeyID.toHex();
  const candidates = keys.get(keyId) ?? [];
  // Whether it has expired is for the policy to say, apart from whether it holds.
  const tried = candidates.map((key) => ({ key, wrong: describeBadSignature(signature, payload, key) }));
  const [signer] = tried.filter(({ wrong }) => wrong === undefined);
  if (signer === undefined) {
    const [{ wrong } = {}] = tried;
    return wrong === undefined ? { kind: 'unknown-key', keyId: keyId.toUpperCase() } : forged(wrong);
  }
  const { fingerprint, unusable } = signer.key;
  const reason = unusable(now);
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
