import { type Digest, digestHex } from '../../../oci/digest.ts';

/** A digest as the 32 bytes that a column holds. */
export function digestToColumn(digest: Digest): Uint8Array {
  return Buffer.from(digestHex(digest), 'hex');
}

/** The digest in a column, or as the text that a query made of it. Only digests are ever written there. */
export function digestFromColumn(column: unknown): Digest {
  if (typeof column === 'string') return column as Digest;
  const { buffer, byteOffset, length } = column as Uint8Array<ArrayBuffer>;
  return `sha256:${Buffer.from(buffer, byteOffset, length).toString('hex')}` as Digest;
}
