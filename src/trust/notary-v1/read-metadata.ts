import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { isArray, isCount, parseStrictJson, readBase64, readField, readFields } from '../strict-json.ts';
import { type NotaryKey, notaryKeyId } from './key.ts';
import {
  type NotaryDelegation,
  type NotaryFileMeta,
  type NotaryKeys,
  type NotaryRoleKeys,
  type NotaryRoot,
  type NotarySigned,
  type NotarySnapshot,
  type NotaryTargets,
  type NotaryTimestamp,
  notaryFileLimit,
  notaryRoles,
} from './metadata.ts';

interface Types {
  readonly Root: NotaryRoot;
  readonly Targets: NotaryTargets;
  readonly Snapshot: NotarySnapshot;
  readonly Timestamp: NotaryTimestamp;
}

/**
 * Reads a file of Notary v1 metadata, whoever made it. Signatures are not checked. Takes hostile bytes. `where` names
 * it in messages.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readNotaryFile<T extends keyof Types>(
  bytes: Uint8Array,
  type: T,
  where: string,
): NotarySigned<Types[T]> {
  if (bytes.length > notaryFileLimit) {
    throw new SignpostError(
      'LIMIT_EXCEEDED',
      `${where} has ${bytes.length} bytes: at most ${notaryFileLimit}`,
    );
  }
  const fields = readFields(parseStrictJson(bytes, where), ['signed', 'signatures'] as const, where);
  const signatures = readField(fields.signatures, isArray, 'a list', `${where} signatures`);
  if (signatures.length > 16) throw invalid(`${where} has ${signatures.length} signatures: too many`);
  return {
    signed: readers[type](fields.signed, where),
    signatures: signatures.map((item) => {
      const { keyid, method, sig } = readFields(
        item,
        ['keyid', 'method', 'sig'] as const,
        `${where} signatures`,
      );
      if (method !== 'ecdsa') throw invalid(`${where} is signed by ${quote(method)}: expected "ecdsa"`);
      const text = readField(sig, isText, 'base64', `${where} sig`);
      readBase64(text, `${where} sig`);
      return { keyid: readField(keyid, isText, 'a key', `${where} keyid`), method, sig: text };
    }),
  };
}

const readers: { readonly [T in keyof Types]: (value: unknown, where: string) => Types[T] } = {
  Root(value, where) {
    const fields = readCommon(value, 'Root', ['consistent_snapshot', 'keys', 'roles'], where);
    const keys = readKeys(fields.keys, where);
    const roles = readFields(fields.roles, notaryRoles, `${where} roles`);
    const read = (role: (typeof notaryRoles)[number]) =>
      readRoleKeys(roles[role], ['keyids', 'threshold'], keys, `${where} role ${role}`);
    return {
      _type: 'Root',
      ...fields.common,
      consistent_snapshot: fields.consistent_snapshot === true,
      keys,
      roles: {
        root: read('root'),
        snapshot: read('snapshot'),
        targets: read('targets'),
        timestamp: read('timestamp'),
      },
    };
  },
  Targets(value, where) {
    const fields = readCommon(value, 'Targets', ['targets', 'delegations'], where);
    const delegations = readFields(fields.delegations, ['keys', 'roles'] as const, `${where} delegations`);
    const keys = readKeys(delegations.keys, where);
    const roles = readField(delegations.roles, isArray, 'a list', `${where} delegations`);
    return {
      _type: 'Targets',
      ...fields.common,
      targets: readMeta(fields.targets, `${where} targets`),
      delegations: { keys, roles: roles.map((item) => readDelegation(item, keys, `${where} delegations`)) },
    };
  },
  Snapshot(value, where) {
    const fields = readCommon(value, 'Snapshot', ['meta'], where);
    return { _type: 'Snapshot', ...fields.common, meta: readMeta(fields.meta, `${where} meta`) };
  },
  Timestamp(value, where) {
    const fields = readCommon(value, 'Timestamp', ['meta'], where);
    const { snapshot } = readFields(fields.meta, ['snapshot'] as const, `${where} meta`);
    return {
      _type: 'Timestamp',
      ...fields.common,
      meta: { snapshot: readFileMeta(snapshot, `${where} snapshot`) },
    };
  },
};

function readCommon<K extends string>(value: unknown, type: keyof Types, keys: readonly K[], where: string) {
  const fields = readFields(value, [...keys, '_type', 'version', 'expires'] as const, where);
  if (fields._type !== type)
    throw invalid(`${where} is of type ${quote(fields._type)}: expected ${quote(type)}`);
  const version = readField(fields.version, isVersion, 'a whole number from 1 on', `${where} version`);
  const expires = readField(fields.expires, isTime, 'a time', `${where} expires`);
  return { ...fields, common: { version, expires } };
}

function readKeys(value: unknown, where: string): NotaryKeys {
  const keys = entriesOf(value, `${where} keys`).map(([id, item]): readonly [string, NotaryKey] => {
    const { keytype, keyval } = readFields(item, ['keytype', 'keyval'] as const, `${where} key`);
    const fields = readFields(keyval, ['private', 'public'] as const, `${where} key`);
    if ((keytype !== 'ecdsa' && keytype !== 'ecdsa-x509') || fields.private !== null) {
      throw invalid(`${where} has a key of type ${quote(keytype)}: expected "ecdsa" or "ecdsa-x509", public`);
    }
    readBase64(fields.public, `${where} key`);
    const key: NotaryKey = { keytype, keyval: { private: null, public: fields.public as string } };
    if (notaryKeyId(key) !== id) throw invalid(`${where}: ${quote(id)} is not the identifier of its key`);
    return [id, key];
  });
  return Object.fromEntries(keys);
}

function readRoleKeys(
  value: unknown,
  names: readonly string[],
  keys: NotaryKeys,
  where: string,
): NotaryRoleKeys {
  const { keyids, threshold } = readFields(value, names, where);
  const ids = readField(keyids, isArray, 'a list', `${where} keyids`);
  const known = ids.filter((id): id is string => typeof id === 'string' && Object.hasOwn(keys, id));
  const count = readField(threshold, isVersion, 'a whole number from 1 on', `${where} threshold`);
  if (known.length !== ids.length || new Set(known).size < ids.length || count > known.length) {
    throw invalid(`${where} names a key that is not there, or asks for more keys than it has`);
  }
  return { keyids: known, threshold: count };
}

function readDelegation(value: unknown, keys: NotaryKeys, where: string): NotaryDelegation {
  const names = ['name', 'paths', 'keyids', 'threshold'] as const;
  const { name, paths } = readFields(value, names, where);
  return {
    name: readField(name, isText, 'a role', `${where} name`),
    paths: readField(paths, isArray, 'a list', `${where} paths`).map((path) =>
      readField(path, isText, 'a path', where),
    ),
    ...readRoleKeys(value, names, keys, where),
  };
}

function readMeta(value: unknown, where: string): Readonly<Record<string, NotaryFileMeta>> {
  return Object.fromEntries(
    entriesOf(value, where).map(([name, meta]) => [name, readFileMeta(meta, `${where} ${quote(name)}`)]),
  );
}

function readFileMeta(value: unknown, where: string): NotaryFileMeta {
  const { length, hashes } = readFields(value, ['length', 'hashes'] as const, where);
  const both = typeof hashes === 'object' && hashes !== null && Object.hasOwn(hashes, 'sha512');
  const found: { readonly sha256: unknown; readonly sha512?: unknown } = both
    ? readFields(hashes, ['sha256', 'sha512'] as const, where)
    : readFields(hashes, ['sha256'] as const, where);
  return {
    length: readField(length, isCount, 'a number of bytes', `${where} length`),
    hashes: {
      sha256: readHash(found.sha256, 32, `${where} sha256`),
      ...(both ? { sha512: readHash(found.sha512, 64, `${where} sha512`) } : {}),
    },
  };
}

function readHash(value: unknown, size: number, where: string): string {
  if (readBase64(value, where).length !== size) throw invalid(`${where} has not ${size} bytes`);
  return value as string;
}

function entriesOf(value: unknown, where: string): readonly (readonly [string, unknown])[] {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw invalid(`${where} is ${quote(value)}: expected an object`);
}

function isVersion(value: unknown): value is number {
  return isCount(value) && value > 0;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 512;
}

/** RFC 3339, as Go writes it: with parts of a second, and with an offset. */
function isTime(value: unknown): value is string {
  const pattern =
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/;
  return typeof value === 'string' && pattern.test(value) && !Number.isNaN(Date.parse(value));
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
