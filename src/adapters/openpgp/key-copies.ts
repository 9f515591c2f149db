import { createHash } from 'node:crypto';
import { enums } from 'openpgp';
import { readArmour } from './armour.ts';
import { parseSignature, typeOfSignature } from './signature-packet.ts';
import { type Packet, framePacket, packetTags, readPackets } from './packet-frames.ts';

/** A key, a user ID or a subkey, and what certifies it. */
export interface KeyPart extends Packet {
  /** Bodies of signature packets, each once. */
  readonly signatures: Map<string, Uint8Array>;
}

/** All copies of one key together. */
export interface KeyCopies {
  readonly primary: KeyPart;
  /** User IDs, user attributes and subkeys, by their bytes. */
  readonly parts: Map<string, KeyPart>;
}

/** What is in several key files: order, and how often something is there, make no difference. */
export interface KeyRing {
  /** By the bytes of the primary key. */
  readonly keys: Map<string, KeyCopies>;
  /** Revocations of keys, wherever they are: some come without the key (a certificate made beforehand). */
  readonly revocations: Map<string, Uint8Array>;
}

/** A key file with more packets than this is none. */
export const packetLimit = 20_000;

/** Adds what a file holds, armoured or binary. Throws Error when it holds something else or is damaged. */
export async function addKeyFile(ring: KeyRing, file: Uint8Array): Promise<void> {
  const bytes = file[0] === 0xef && file[1] === 0xbb && file[2] === 0xbf ? file.subarray(3) : file;
  const armoured = (bytes[0] ?? 0) < 0x80;
  // Each block for itself: a signature that starts one does not belong to the key that ends the one before.
  for (const block of armoured ? await readArmour(Buffer.from(bytes).toString('latin1')) : [bytes]) {
    addBlock(ring, block);
  }
}

function addBlock(ring: KeyRing, block: Uint8Array): void {
  const packets = readPackets(block, packetLimit, `it has more than ${packetLimit} packets`);
  if ('wrong' in packets) throw new Error(packets.wrong);
  let key: KeyCopies | undefined;
  let part: KeyPart | undefined;
  let found = false;
  for (const packet of packets) {
    if (packet.tag === packetTags.publicKey) {
      key = findOrAdd(ring.keys, packet, () => ({ primary: toPart(packet), parts: new Map() }));
      part = key.primary;
      found = true;
    } else if (isPart(packet.tag)) {
      part = key && findOrAdd(key.parts, packet, () => toPart(packet));
    } else if (packet.tag === packetTags.signature) {
      const revokes = typeOfSignature(packet.body) === enums.signature.keyRevocation;
      // Passing over one could bring a revoked key back.
      if (revokes && parseSignature(packet.body) === undefined) {
        throw new Error('it has the revocation of a key, and the revocation cannot be read');
      }
      const place = revokes ? ring.revocations : part?.signatures;
      if (place !== undefined) findOrAdd(place, packet, () => packet.body);
      found ||= revokes;
    } else if (packet.tag === packetTags.secretKey || packet.tag === packetTags.secretSubkey) {
      throw new PrivateKeyError();
    } else if (!isPassedOver(packet.tag)) {
      throw new Error(`it has a packet with tag ${packet.tag}, which is no part of a public key`);
    }
  }
  if (!found) throw new Error('there is no key in it');
}

/** There is a private key where public keys belong. */
export class PrivateKeyError extends Error {}

function isPart(tag: number): boolean {
  return tag === packetTags.userId || tag === packetTags.userAttribute || tag === packetTags.publicSubkey;
}

/** RFC 9580, section 4.3: packets from 40 on can be passed over by those who do not know them. */
function isPassedOver(tag: number): boolean {
  return tag === packetTags.marker || tag === packetTags.trust || tag === packetTags.padding || tag >= 40;
}

function toPart({ tag, body }: Packet): KeyPart {
  return { tag, body, signatures: new Map() };
}

function findOrAdd<Value>(values: Map<string, Value>, { tag, body }: Packet, make: () => Value): Value {
  const id = `${tag} ${createHash('sha256').update(body).digest('hex')}`;
  const known = values.get(id);
  if (known !== undefined) return known;
  const made = make();
  values.set(id, made);
  return made;
}

/** One binary key that says all that its copies say, and these revocations of it. */
export function writeKey({ primary, parts }: KeyCopies, revocations: readonly Uint8Array[]): Uint8Array {
  const signed = ({ tag, body, signatures }: KeyPart) => [
    framePacket(tag, body),
    ...[...signatures.values()].map((signature) => framePacket(packetTags.signature, signature)),
  ];
  const [first = Buffer.alloc(0), ...certifications] = signed(primary);
  const all = [...parts.values()];
  const subkeys = all.filter(({ tag }) => tag === packetTags.publicSubkey);
  const users = all.filter(({ tag }) => tag !== packetTags.publicSubkey);
  return Buffer.concat([
    first,
    ...revocations.map((body) => framePacket(packetTags.signature, body)),
    ...certifications,
    ...[...users, ...subkeys].flatMap(signed),
  ]);
}
