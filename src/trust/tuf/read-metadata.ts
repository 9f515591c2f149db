import { foreignCanonicalJson } from '../canonical-json.ts';
import { partOf, readAnything, textUpTo } from '../json-reader.ts';
import { type MetadataTypes, metadataLimits, metadataReaders } from './metadata.ts';
import type { TopRole } from './names.ts';
import { readText } from './read-any-keys.ts';
import { type Dialect, type Signed, readSignedFile, signaturesOf } from './signed-file.ts';

const anyMetadata: Dialect<MetadataTypes> = {
  limits: metadataLimits,
  // What others put into `custom` may be deep, and a snapshot of hash bins is long.
  json: { depth: 32, values: 1_000_000 },
  readFrame: partOf({
    signatures: signaturesOf(
      // A signature that is none, or is empty because somebody has not signed yet, does not hold.
      partOf({ keyid: readText, sig: textUpTo(4096) }),
      256,
    ),
    signed: readAnything,
  }),
  readers: metadataReaders,
  canonical: foreignCanonicalJson,
};

/**
 * Reads a file of TUF metadata, whoever made it (TUF 1.0, section 4). Fields that are not known here are passed over, and
 * are part of what the signatures are over. Takes hostile bytes, and checks no signature. `where` names it in messages.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readMetadata<T extends TopRole>(
  bytes: Uint8Array,
  type: T,
  where: string,
): Signed<MetadataTypes[T]> {
  return readSignedFile(anyMetadata, bytes, type, where);
}
