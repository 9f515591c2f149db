import { inflateRawSync, inflateSync } from 'node:zlib';
import { signatureLimit } from '../../ports/tree.ts';

/** RFC 9580, section 9.4. */
const algorithms = { zip: 1, zlib: 2 } as const;

/**
 * What is in a message that is one compressed packet (RFC 9580, section 5.6), as gpg and skopeo make them when they are
 * left to themselves; any other message as it is. Says what is wrong when it cannot be read whole, or is longer than a
 * signature may be.
 */
export function decompressMessage(message: Uint8Array): Uint8Array | { readonly wrong: string } {
  // An old header of tag 8 without a length, which ends with the message (section 4.2.2.4): no other is made.
  if (message[0] !== 0xa3) return message;
  const packed = message.subarray(2);
  try {
    const { buffer, engine } = inflate(message[1], packed);
    return engine.bytesWritten === packed.length
      ? buffer
      : { wrong: 'there is something after the compressed message' };
  } catch {
    return { wrong: `it is compressed in another way than ZIP and ZLIB, damaged, or too long` };
  }
}

interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

/** The limit holds while it is unpacked: nothing larger is ever made. */
function inflate(algorithm: number | undefined, packed: Uint8Array): Inflated {
  const options = { maxOutputLength: signatureLimit, info: true };
  // With "info" they return more than their types say.
  if (algorithm === algorithms.zip) return inflateRawSync(packed, options) as unknown as Inflated;
  if (algorithm === algorithms.zlib) return inflateSync(packed, options) as unknown as Inflated;
  throw new RangeError('another algorithm');
}
