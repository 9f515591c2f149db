import { SignaturePacket } from 'openpgp';

/** The type of a signature packet that perhaps nobody here can read. */
export function typeOfSignature(body: Uint8Array): number | undefined {
  // Versions 2 and 3 have the length of what is hashed before it (RFC 9580, section 5.2.2).
  return (body[0] ?? 0) < 4 ? body[2] : body[1];
}

/** Undefined for what is damaged, and for versions and algorithms that are not known. */
export function parseSignature(body: Uint8Array): SignaturePacket | undefined {
  try {
    const signature = new SignaturePacket();
    signature.read(body);
    return signature;
  } catch {
    return undefined;
  }
}
