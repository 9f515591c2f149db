import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import {
  type Read,
  type Reader,
  constantOf,
  countOf,
  listOf,
  mapOf,
  objectOf,
  readBase64,
  readBoolean,
  textUpTo,
  valueOf,
} from '../json-reader.ts';
import { isTime } from '../tuf/metadata.ts';
import { type RoleKeys, readPositive } from '../tuf/read-any-keys.ts';
import { checkRoleKeys, keysOf, readStrictRole, strictRoleFields } from '../tuf/read-keys.ts';
import type { Signed } from '../tuf/signed-file.ts';
import { notaryKeyId, readNotaryKey } from './key.ts';

// The dialect of TUF that Notary v1 speaks (theupdateframework/notary, tuf/data). It has no spec_version, its types are
// capitalised, names in snapshots have no ".json", and hashes are base64.

const common = <const T extends string>(type: T) => ({
  _type: constantOf(type),
  version: readPositive,
  /** RFC 3339, as Go writes it: with parts of a second, and with an offset. */
  expires: valueOf(isTime, 'a time'),
});

export type NotaryKeys = Read<typeof readKeys>;
const readKeys = keysOf(mapOf(readNotaryKey), notaryKeyId);

export type NotaryRole = keyof NotaryRoot['roles'];
export type NotaryRoot = Read<typeof readRoot>;
const readRoot = objectOf({
  ...common('Root'),
  consistent_snapshot: readBoolean,
  keys: readKeys,
  roles: objectOf({
    root: readStrictRole,
    snapshot: readStrictRole,
    targets: readStrictRole,
    timestamp: readStrictRole,
  }),
});

/** A file's or an image's length and hash. */
export type NotaryFileMeta = Read<typeof readFileMeta>;
const readFileMeta = objectOf({
  length: countOf('a number of bytes'),
  hashes: objectOf({ sha256: hashOf(32) }, { sha512: hashOf(64) }),
});

const readText = textUpTo(512);

export type NotaryTargets = Read<typeof readTargets>;
const readTargets = objectOf({
  ...common('Targets'),
  targets: mapOf(readFileMeta),
  delegations: objectOf({
    keys: readKeys,
    roles: listOf(objectOf({ name: readText, paths: listOf(readText), ...strictRoleFields })),
  }),
});

/** What each type of metadata has, and nothing else. */
export const notaryReaders = {
  Root: withRoles(readRoot, ({ keys, roles }) => [keys, Object.entries(roles)]),
  Targets: withRoles(readTargets, ({ delegations: { keys, roles } }) => [
    keys,
    roles.map((role) => [role.name, role]),
  ]),
  Snapshot: objectOf({ ...common('Snapshot'), meta: mapOf(readFileMeta) }),
  Timestamp: objectOf({ ...common('Timestamp'), meta: objectOf({ snapshot: readFileMeta }) }),
};

export type NotaryTypes = { readonly [T in keyof typeof notaryReaders]: Read<(typeof notaryReaders)[T]> };
export type NotaryMetadata = NotaryTypes[keyof NotaryTypes];
export type NotarySnapshot = NotaryTypes['Snapshot'];
export type NotaryTimestamp = NotaryTypes['Timestamp'];
export type NotarySigned<T extends NotaryMetadata> = Signed<T>;

/** The role of the tags: docker trust looks there before it looks into "targets". */
export const releasesRole = 'targets/releases';

/** What clients read at most, in bytes. */
export const notaryFileLimit = 5 * 1024 * 1024;

/** Refuses roles with keys that are not there. */
function withRoles<T>(
  read: Reader<T>,
  rolesOf: (value: T) => readonly [NotaryKeys, readonly (readonly [string, RoleKeys])[]],
): Reader<T> {
  return (value, where) => {
    const metadata = read(value, where);
    const [keys, roles] = rolesOf(metadata);
    for (const [name, role] of roles) checkRoleKeys(role, keys, `${where} role ${quote(name)}`);
    return metadata;
  };
}

/** In base64. */
function hashOf(size: number): Reader<string> {
  return (value, where) => {
    const { length } = readBase64(value, where);
    if (length === size) return value as string;
    throw new SignpostError('REQUEST_INVALID', `${where} has ${length} bytes: expected ${size}`);
  };
}
