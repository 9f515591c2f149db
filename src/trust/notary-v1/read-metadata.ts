import { canonicalJson } from '../canonical-json.ts';
import {
  type Read,
  constantOf,
  listOf,
  objectOf,
  readAnything,
  readBase64,
  sizedBytes,
  spellingOf,
  textUpTo,
} from '../json-reader.ts';
import { type Dialect, readSignedFile } from '../tuf/signed-file.ts';
import { type NotarySigned, type NotaryTypes, notaryFileLimit, notaryReaders } from './metadata.ts';

export type NotarySignature = Read<typeof readSignature>;
const readSignature = objectOf({
  keyid: textUpTo(512),
  method: constantOf('ecdsa'),
  /** Base64 of r and s, 32 bytes each. */
  sig: spellingOf(sizedBytes(readBase64, 384)),
});

const notaryMetadata: Dialect<NotaryTypes> = {
  limits: {
    Root: notaryFileLimit,
    Targets: notaryFileLimit,
    Snapshot: notaryFileLimit,
    Timestamp: notaryFileLimit,
  },
  readFrame: objectOf({ signatures: listOf(readSignature, 0, 16), signed: readAnything }),
  readers: notaryReaders,
  canonical: canonicalJson,
};

/**
 * Reads a file of Notary v1 metadata, whoever made it. Signatures are not checked. Takes hostile bytes. `where` names
 * it in messages.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readNotaryFile<T extends keyof NotaryTypes>(
  bytes: Uint8Array,
  type: T,
  where: string,
): NotarySigned<NotaryTypes[T]> {
  return readSignedFile(notaryMetadata, bytes, type, where);
}
