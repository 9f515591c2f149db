import { quote } from '../../oci/digest.ts';
import { SignpostError } from '../../oci/errors.ts';
import { canonicalJson } from '../canonical-json.ts';
import { isArray, isCount, parseStrictJson, readField, readFields } from '../strict-json.ts';
import {
  type Metadata,
  type MetadataSignature,
  type MetadataTypes,
  type Signed,
  metadataLimits,
  topRoles,
} from './metadata.ts';
import { readDelegations } from './read-delegations.ts';
import { readKeys, readRoleKeys } from './read-keys.ts';

type Type = Metadata['_type'];

/**
 * Reads a file of TUF metadata as one that Signpost has made: no field that has no meaning here, no second way to say a
 * thing. What is signed, and what is published, is read so; clients read with `readMetadata`. Its signatures are
 * not checked. Takes hostile bytes. `where` names it in messages.
 * @throws SignpostError REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function readStrictMetadata<T extends Type>(
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
  const { signatures, signed } = readFields(
    parseStrictJson(bytes, where),
    ['signatures', 'signed'] as const,
    where,
  );
  return {
    signatures: readSignatures(signatures, `${where} signatures`),
    signed: readers[type](signed, where),
    covered: Buffer.from(canonicalJson(signed)),
  };
}

const readers: { readonly [T in Type]: (value: unknown, where: string) => MetadataTypes[T] } = {
  root(value, where) {
    const fields = readCommon(value, ['consistent_snapshot', 'keys', 'roles'], 'root', where);
    if (fields.consistent_snapshot !== true) throw invalid(`${where} has no consistent snapshots`);
    const keys = readKeys(fields.keys, `${where} keys`);
    const roles = readFields(fields.roles, topRoles, `${where} roles`);
    const read = (role: (typeof topRoles)[number]) =>
      readRoleKeys(
        readFields(roles[role], ['keyids', 'threshold'] as const, `${where} role ${role}`),
        keys,
        `${where} role ${role}`,
      );
    return {
      ...fields.common,
      _type: 'root',
      consistent_snapshot: true,
      keys,
      roles: {
        root: read('root'),
        timestamp: read('timestamp'),
        snapshot: read('snapshot'),
        targets: read('targets'),
      },
    };
  },
  timestamp(value, where) {
    const fields = readCommon(value, ['meta'], 'timestamp', where);
    const meta = readFields(fields.meta, ['snapshot.json'] as const, `${where} meta`);
    return {
      ...fields.common,
      _type: 'timestamp',
      meta: { 'snapshot.json': readFileMeta(meta['snapshot.json'], `${where} snapshot.json`) },
    };
  },
  snapshot(value, where) {
    const fields = readCommon(value, ['meta'], 'snapshot', where);
    const entries = Object.entries(readRecord(fields.meta, `${where} meta`));
    return {
      ...fields.common,
      _type: 'snapshot',
      meta: Object.fromEntries(
        entries.map(([name, meta]) => [name, readFileMeta(meta, `${where} ${quote(name)}`)]),
      ),
    };
  },
  targets(value, where) {
    const delegating = typeof value === 'object' && value !== null && Object.hasOwn(value, 'delegations');
    const keys = delegating ? (['targets', 'delegations'] as const) : (['targets'] as const);
    const fields: { readonly targets: unknown; readonly delegations?: unknown; readonly common: Common } =
      readCommon(value, keys, 'targets', where);
    const entries = Object.entries(readRecord(fields.targets, `${where} targets`));
    return {
      ...fields.common,
      _type: 'targets',
      targets: Object.fromEntries(
        entries.map(([path, file]) => [path, readTarget(file, `${where} ${quote(path)}`)]),
      ),
      ...(delegating ? { delegations: readDelegations(fields.delegations, where) } : {}),
    };
  },
};

interface Common {
  readonly spec_version: string;
  readonly version: number;
  readonly expires: string;
}

function readCommon<K extends string>(value: unknown, keys: readonly K[], type: Type, where: string) {
  const fields = readFields(value, [...keys, '_type', 'spec_version', 'version', 'expires'] as const, where);
  if (fields._type !== type)
    throw invalid(`${where} is of type ${quote(fields._type)}: expected ${quote(type)}`);
  const common: Common = {
    spec_version: readField(fields.spec_version, isSpecification, 'a 1.0 version', `${where} spec_version`),
    version: readField(fields.version, isVersion, 'a whole number from 1 on', `${where} version`),
    expires: readField(fields.expires, isTime, 'a time such as 2026-01-31T00:00:00Z', `${where} expires`),
  };
  return { ...fields, common };
}

function readSignatures(value: unknown, where: string): readonly MetadataSignature[] {
  const list = readField(value, isArray, 'a list', where);
  if (list.length > 64) throw invalid(`${where}: ${list.length} are too many`);
  const signatures = list.map((item) => {
    const { keyid, sig } = readFields(item, ['keyid', 'sig'] as const, where);
    return {
      keyid: readField(keyid, isSha256, '64 hexadecimal digits', `${where} keyid`),
      sig: readField(sig, isHexadecimal, 'hexadecimal digits', `${where} sig`),
    };
  });
  // Section 4.2: "A given keyid MUST be unique", or one key could count twice somewhere.
  if (new Set(signatures.map(({ keyid }) => keyid)).size !== signatures.length) {
    throw invalid(`${where} has two of one key`);
  }
  return signatures;
}

function readFileMeta(value: unknown, where: string) {
  const { version, length, hashes } = readFields(value, ['version', 'length', 'hashes'] as const, where);
  return {
    version: readField(version, isVersion, 'a whole number from 1 on', `${where} version`),
    ...readContent(length, hashes, where),
  };
}

function readTarget(value: unknown, where: string) {
  const { length, hashes, custom } = readFields(value, ['length', 'hashes', 'custom'] as const, where);
  const { reference } = readFields(custom, ['reference'] as const, `${where} custom`);
  return {
    ...readContent(length, hashes, where),
    custom: { reference: readField(reference, isText, 'a reference', `${where} reference`) },
  };
}

function readContent(length: unknown, hashes: unknown, where: string) {
  const { sha256 } = readFields(hashes, ['sha256'] as const, `${where} hashes`);
  return {
    length: readField(length, isVersion, 'a number of bytes', `${where} length`),
    hashes: { sha256: readField(sha256, isSha256, '64 hexadecimal digits', `${where} sha256`) },
  };
}

function readRecord(value: unknown, where: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw invalid(`${where} is ${quote(value)}: expected an object`);
}

function isVersion(value: unknown): value is number {
  return isCount(value) && value > 0;
}

function isSpecification(value: unknown): value is string {
  return typeof value === 'string' && /^1\.0(?:\.[0-9]{1,4})?$/.test(value);
}

function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/.test(value) &&
    !Number.isNaN(Date.parse(value))
  );
}

function isSha256(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
}

function isHexadecimal(value: unknown): value is string {
  return typeof value === 'string' && /^(?:[0-9a-f]{2}){1,256}$/.test(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 512;
}

function invalid(message: string): SignpostError {
  return new SignpostError('REQUEST_INVALID', message);
}
