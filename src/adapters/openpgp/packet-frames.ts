/** One packet of an OpenPGP message (RFC 9580, section 4). */
export interface Packet {
  readonly tag: number;
  readonly body: Uint8Array;
}

/** The tags of packets that Signpost reads (RFC 9580, section 5). */
export const packetTags = {
  signature: 2,
  onePass: 4,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  compressed: 8,
  marker: 10,
  literal: 11,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
  padding: 21,
} as const;

/**
 * Takes bytes apart into their packets, to the very last byte. Partial and indeterminate lengths are refused: what is
 * read here is small and comes in one piece. Returns the reason when the framing is wrong, or `beyond` when there are
 * more than `most` packets.
 */
export function readPackets(
  message: Uint8Array,
  most: number,
  beyond: string,
): readonly Packet[] | { readonly wrong: string } {
  const packets: Packet[] = [];
  for (let at = 0; at < message.length;) {
    if (packets.length === most) return { wrong: beyond };
    const header = readHeader(message, at);
    if ('wrong' in header) return header;
    const end = header.start + header.length;
    if (end > message.length) return { wrong: 'the message is cut off' };
    packets.push({ tag: header.tag, body: message.subarray(header.start, end) });
    at = end;
  }
  return packets;
}

/** A packet with a length of four bytes (RFC 9580, section 4.2.1.3). */
export function framePacket(tag: number, body: Uint8Array): Uint8Array {
  const header = Buffer.alloc(6);
  header[0] = 0xc0 | tag;
  header[1] = 0xff;
  header.writeUInt32BE(body.length, 2);
  return Buffer.concat([header, body]);
}

type Header =
  { readonly tag: number; readonly start: number; readonly length: number } | { readonly wrong: string };

const cutOff = { wrong: 'the message is cut off' };

function readHeader(message: Uint8Array, at: number): Header {
  const first = message[at] ?? 0;
  if ((first & 0x80) === 0) return { wrong: 'this is not a binary OpenPGP message' };
  return (first & 0x40) === 0
    ? readOldHeader(message, at, first)
    : readNewHeader(message, at + 1, first & 0x3f);
}

/** RFC 9580, section 4.2.2: the length has 1, 2 or 4 bytes, or is indeterminate. */
function readOldHeader(message: Uint8Array, at: number, first: number): Header {
  const width = [1, 2, 4][first & 0x03];
  if (width === undefined) return { wrong: 'a packet has no definite length' };
  const start = at + 1 + width;
  if (start > message.length) return cutOff;
  return { tag: (first >> 2) & 0x0f, start, length: readNumber(message, at + 1, width) };
}

/** RFC 9580, section 4.2.1: the first byte of the length says how many there are. */
function readNewHeader(message: Uint8Array, at: number, tag: number): Header {
  const first = message[at];
  if (first === undefined) return cutOff;
  if (first < 192) return { tag, start: at + 1, length: first };
  if (first < 224) {
    const second = message[at + 1];
    return second === undefined
      ? cutOff
      : { tag, start: at + 2, length: ((first - 192) << 8) + second + 192 };
  }
  if (first < 255) return { wrong: 'a packet has no definite length' };
  if (at + 5 > message.length) return cutOff;
  return { tag, start: at + 5, length: readNumber(message, at + 1, 4) };
}

function readNumber(message: Uint8Array, at: number, width: number): number {
  return Buffer.from(message.buffer, message.byteOffset + at, width).readUIntBE(0, width);
}
