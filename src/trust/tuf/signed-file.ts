import { SignpostError } from '../../oci/errors.ts';
import type { JsonLimits } from '../../oci/parse-json.ts';
import { type Reader, constantOf, listOf, readObject } from '../json-reader.ts';
import { parseStrictJson } from '../strict-json.ts';

/** A signature by one key. */
export interface MetadataSignature {
  readonly keyid: string;
  /** In hexadecimal; of Notary v1, in base64. */
  readonly sig: string;
}

/** A file of metadata. */
export interface Signed<T> {
  readonly signatures: readonly MetadataSignature[];
  readonly signed: T;
  /** What the signatures are over: all that the file says, unknown fields too. */
  readonly covered: Uint8Array;
}

/** How a kind of metadata is read; `M` has the metadata of each type. */
export interface Dialect<M> {
  /** In bytes. */
  readonly limits: Readonly<Record<keyof M, number>>;
  readonly json?: Partial<JsonLimits>;
  readonly readFrame: Reader<{ readonly signatures: readonly MetadataSignature[]; readonly signed: unknown }>;
  readonly readers: { readonly [T in keyof M]: Reader<M[T]> };
  readonly canonical: (value: unknown) => string;
}

/**
 * Reads a file of metadata. Its signatures are not checked. Takes hostile bytes. `where` names it in messages.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readSignedFile<M, T extends keyof M & string>(
  { limits, json, readFrame, readers, canonical }: Dialect<M>,
  bytes: Uint8Array,
  type: T,
  where: string,
): Signed<M[T]> {
  if (bytes.length > limits[type]) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `${where} has ${bytes.length} bytes: clients read at most ${limits[type]}`,
    );
  }
  const { signatures, signed } = readFrame(parseStrictJson(bytes, where, json), where);
  // Whoever mixed up two files shall hear just that.
  constantOf(type)(readObject(signed, `${where} signed`)._type, `${where} _type`);
  return { signatures, signed: readers[type](signed, where), covered: Buffer.from(canonical(signed)) };
}

/** Section 4.2: "A given keyid MUST be unique", or one key could count twice somewhere. */
export function signaturesOf(
  read: Reader<MetadataSignature>,
  most: number,
): Reader<readonly MetadataSignature[]> {
  const readList = listOf(read, 0, most);
  return (value, where) => {
    const signatures = readList(value, where);
    if (new Set(signatures.map(({ keyid }) => keyid)).size === signatures.length) return signatures;
    throw new SignpostError('REQUEST_INVALID', `${where} has two of one key`);
  };
}
