const revocationKey = 12;

/**
 * Who else may revoke the key that a signature is by: fingerprints in upper-case hexadecimal. One signature can name
 * several, of which the library keeps one. `signatureData` is what the signature covers of itself.
 */
export function readRevokers(signatureData: Uint8Array): readonly string[] {
  const revokers: string[] = [];
  const bytes = Buffer.from(signatureData);
  // Version, type, two algorithms and the length of the subpackets come first (RFC 9580, section 5.2.3).
  for (let at = 6; at < bytes.length;) {
    const { length, width } = readLength(bytes, at);
    const [type = 0, kind = 0] = bytes.subarray(at + width);
    // A class, an algorithm and a fingerprint (section 5.2.3.23 of RFC 9580).
    if ((type & 0x7f) === revocationKey && (kind & 0x80) !== 0 && length === 23) {
      revokers.push(
        bytes
          .subarray(at + width + 3, at + width + 23)
          .toString('hex')
          .toUpperCase(),
      );
    }
    at += width + length;
  }
  return revokers;
}

function readLength(bytes: Buffer, at: number): { readonly length: number; readonly width: number } {
  const [first = 0, second = 0] = bytes.subarray(at);
  if (first < 192) return { length: first, width: 1 };
  if (first < 255) return { length: ((first - 192) << 8) + second + 192, width: 2 };
  return { length: at + 5 <= bytes.length ? bytes.readUInt32BE(at + 1) : 0, width: 5 };
}
