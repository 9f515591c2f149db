import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { foreignCanonicalJson } from '../canonical-json.ts';
import { isCount, parseStrictJson, readField } from '../strict-json.ts';
import {
  type FileMeta,
  type Hashes,
  type Metadata,
  type MetadataSignature,
  type MetadataTypes,
  type Signed,
  type TargetFile,
  metadataLimits,
  topRoles,
} from './metadata.ts';
import { readAnyDelegations } from './read-any-delegations.ts';
import { type Fields, isText, readAnyKeys, readAnyRoleKeys, readObject } from './read-any-keys.ts';

type Type = Metadata['_type'];

/** What others put into `custom` may be deep, and a snapshot of hash bins is long. */
const jsonLimits = { depth: 32, values: 1_000_000 };
const signaturesLimit = 256;

/**
 * Reads a file of TUF metadata, whoever made it (TUF 1.0, section 4). Fields that are not known here are passed over, and
 * are part of what the signatures are over. Takes hostile bytes, and checks no signature. `where` names it in messages.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readMetadata<T extends Type>(
  bytes: Uint8Array,
  type: T,
  where: string,
): Signed<MetadataTypes[T]> {
  if (bytes.length > metadataLimits[type]) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `${where} has ${bytes.length} bytes: clients read at most ${metadataLimits[type]}`,
    );
  }
  const { signatures, signed } = readObject(parseStrictJson(bytes, where, jsonLimits), where);
  const fields = readObject(signed, `${where} signed`);
  if (fields._type !== type) {
    throw invalid(`${where} is of type ${quote(fields._type)}: expected ${quote(type)}`);
  }
  return {
    signatures: readSignatures(signatures, `${where} signatures`),
    signed: readers[type](fields, where),
    covered: Buffer.from(foreignCanonicalJson(signed)),
  };
}

const readers: { readonly [T in Type]: (fields: Fields, where: string) => MetadataTypes[T] } = {
  root(fields, where) {
    const roles = readObject(fields.roles, `${where} roles`);
    const read = (role: (typeof topRoles)[number]) =>
      readAnyRoleKeys(readObject(roles[role], `${where} role ${role}`), `${where} role ${role}`);
    const consistent = fields.consistent_snapshot ?? false;
    return {
      _type: 'root',
      ...readCommon(fields, where),
      consistent_snapshot: readField(consistent, isBoolean, 'true or false', `${where} consistent_snapshot`),
      keys: readAnyKeys(fields.keys, `${where} keys`),
      roles: {
        root: read('root'),
        timestamp: read('timestamp'),
        snapshot: read('snapshot'),
        targets: read('targets'),
      },
    };
  },
  timestamp(fields, where) {
    const { 'snapshot.json': snapshot } = readMeta(fields.meta, `${where} meta`);
    if (snapshot === undefined) throw invalid(`${where} names no snapshot.json`);
    return { _type: 'timestamp', ...readCommon(fields, where), meta: { 'snapshot.json': snapshot } };
  },
  snapshot(fields, where) {
    return { _type: 'snapshot', ...readCommon(fields, where), meta: readMeta(fields.meta, `${where} meta`) };
  },
  targets(fields, where) {
    const targets = Object.entries(readObject(fields.targets, `${where} targets`));
    return {
      _type: 'targets',
      ...readCommon(fields, where),
      targets: Object.fromEntries(
        targets.map(([path, file]) => [path, readTarget(file, `${where} ${quote(path)}`)]),
      ),
      ...(fields.delegations === undefined
        ? {}
        : { delegations: readAnyDelegations(fields.delegations, `${where} delegations`) }),
    };
  },
};

function readCommon(fields: Fields, where: string) {
  const { spec_version, version, expires } = fields;
  return {
    spec_version: readField(spec_version, isSpecification, 'a version 1 of TUF', `${where} spec_version`),
    version: readField(version, isVersion, 'a whole number from 1 on', `${where} version`),
    expires: readField(expires, isTime, 'a time such as 2026-01-31T00:00:00Z', `${where} expires`),
  };
}

function readSignatures(value: unknown, where: string): readonly MetadataSignature[] {
  if (!Array.isArray(value) || value.length > signaturesLimit) {
    throw invalid(`${where} are ${quote(value)}: expected a list of at most ${signaturesLimit}`);
  }
  const signatures = value.map((item: unknown): MetadataSignature => {
    const { keyid, sig } = readObject(item, where);
    return {
      keyid: readField(keyid, isText, 'the identifier of a key', `${where} keyid`),
      // One that is none, or is empty because somebody has not signed yet, does not hold.
      sig: readField(sig, isSignature, 'a text of at most 4096 characters', `${where} sig`),
    };
  });
  // Section 4.2: the identifiers in one list are unique.
  if (new Set(signatures.map(({ keyid }) => keyid)).size === signatures.length) return signatures;
  throw invalid(`${where} has two of one key`);
}

function readMeta(value: unknown, where: string): Readonly<Record<string, FileMeta>> {
  const files = Object.entries(readObject(value, where));
  return Object.fromEntries(
    files.map(([name, meta]) => [name, readFileMeta(meta, `${where} ${quote(name)}`)]),
  );
}

function readFileMeta(value: unknown, where: string): FileMeta {
  const { version, length, hashes } = readObject(value, where);
  return {
    version: readField(version, isVersion, 'a whole number from 1 on', `${where} version`),
    ...(length === undefined
      ? {}
      : { length: readField(length, isCount, 'a number of bytes', `${where} length`) }),
    ...(hashes === undefined ? {} : { hashes: readHashes(hashes, where) }),
  };
}

function readTarget(value: unknown, where: string): TargetFile {
  const { length, hashes, custom } = readObject(value, where);
  const reference: unknown = Object(custom).reference;
  return {
    length: readField(length, isCount, 'a number of bytes', `${where} length`),
    hashes: readHashes(hashes, where),
    ...(typeof reference === 'string' ? { custom: { reference } } : {}),
  };
}

function readHashes(value: unknown, where: string): Hashes {
  const hashes = Object.entries(readObject(value, `${where} hashes`));
  if (hashes.length === 0 || hashes.length > 16) throw invalid(`${where} has ${hashes.length} hashes`);
  return Object.fromEntries(
    hashes.map(([name, hash]) => [name, readField(hash, isText, 'a hash', `${where} ${quote(name)}`)]),
  );
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean';
}

function isVersion(value: unknown): value is number {
  return isCount(value) && value > 0;
}

function isSpecification(value: unknown): value is string {
  return typeof value === 'string' && /^1(?:\.[0-9]{1,4}){1,2}$/.test(value);
}

/** RFC 3339, section 5.6: older tools write parts of a second, and other zones. */
function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/.test(
      value,
    ) &&
    !Number.isNaN(Date.parse(value))
  );
}

function isSignature(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 4096;
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
