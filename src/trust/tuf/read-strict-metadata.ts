import { canonicalJson } from '../canonical-json.ts';
import {
  constantOf,
  countOf,
  mapOf,
  objectOf,
  readAnything,
  textOf,
  textUpTo,
  valueOf,
} from '../json-reader.ts';
import { type MetadataTypes, isTime, metadataLimits } from './metadata.ts';
import { type TopRole, topRoles } from './names.ts';
import { readPositive } from './read-any-keys.ts';
import { readDelegations } from './read-delegations.ts';
import { checkRoleKeys, readKeys, readStrictRole } from './read-keys.ts';
import { type Dialect, type Signed, readSignedFile, signaturesOf } from './signed-file.ts';

const readSha256 = textOf(/^[0-9a-f]{64}$/, '64 hexadecimal digits');
const content = { length: countOf('a number of bytes', 1), hashes: objectOf({ sha256: readSha256 }) };
const readFileMeta = objectOf({ version: readPositive, ...content });

const common = <const T extends TopRole>(type: T) => ({
  _type: constantOf(type),
  spec_version: textOf(/^1\.0(?:\.[0-9]{1,4})?$/, 'a 1.0 version'),
  version: readPositive,
  expires: valueOf(
    (value): value is string => isTime(value) && /:[0-9]{2}Z$/.test(value),
    'a time such as 2026-01-31T00:00:00Z',
  ),
});

const readRoot = objectOf({
  ...common('root'),
  consistent_snapshot: constantOf(true),
  keys: readKeys,
  roles: objectOf({
    root: readStrictRole,
    timestamp: readStrictRole,
    snapshot: readStrictRole,
    targets: readStrictRole,
  }),
});

const strictMetadata: Dialect<MetadataTypes> = {
  limits: metadataLimits,
  readFrame: objectOf({
    signatures: signaturesOf(
      objectOf({ keyid: readSha256, sig: textOf(/^(?:[0-9a-f]{2}){1,256}$/, 'hexadecimal digits') }),
      64,
    ),
    signed: readAnything,
  }),
  readers: {
    root(value, where) {
      const root = readRoot(value, where);
      for (const role of topRoles) checkRoleKeys(root.roles[role], root.keys, `${where} role ${role}`);
      return root;
    },
    timestamp: objectOf({ ...common('timestamp'), meta: objectOf({ 'snapshot.json': readFileMeta }) }),
    snapshot: objectOf({ ...common('snapshot'), meta: mapOf(readFileMeta) }),
    targets: objectOf(
      {
        ...common('targets'),
        targets: mapOf(
          objectOf({ ...content, custom: objectOf({ reference: textUpTo(512, 'a reference') }) }),
        ),
      },
      { delegations: readDelegations },
    ),
  },
  canonical: canonicalJson,
};

/**
 * Reads a file of TUF metadata as one that Signpost has made: no field that has no meaning here, no second way to say a
 * thing. What is signed, and what is published, is read so; clients read with `readMetadata`. Its signatures are
 * not checked. Takes hostile bytes. `where` names it in messages.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readStrictMetadata<T extends TopRole>(
  bytes: Uint8Array,
  type: T,
  where: string,
): Signed<MetadataTypes[T]> {
  return readSignedFile(strictMetadata, bytes, type, where);
}
