import { type Digest, digestHex } from '../../oci/digest.ts';

/** A digest as the 32 bytes that a column holds. */
export function digestToColumn(digest: Digest): Uint8Array {
  return Buffer.from(digestHex(digest), 'hex');
}

/** The digest in a column. Only digests are ever written there, so this is a parser of our own rows. */
export function digestFromColumn(column: unknown): Digest {
  const { buffer, byteOffset, length } = column as Uint8Array<ArrayBuffer>;
  return `sha256:${Buffer.from(buffer, byteOffset, length).toString('hex')}` as Digest;
}
