import {
  type Read,
  constantOf,
  countOf,
  mapOf,
  partOf,
  readAnything,
  readBoolean,
  textOf,
  textUpTo,
  valueOf,
} from '../json-reader.ts';
import type { TopRole } from './names.ts';
import { readAnyDelegations } from './read-any-delegations.ts';
import { readAnyKeys, readAnyRoleKeys, readPositive } from './read-any-keys.ts';

/** The TUF specification whose format and rules these files follow. */
export const specificationVersion = '1.0.31';

/*
 * Metadata of whoever made it. Fields that are not known here are passed over. `read-strict-metadata.ts` reads the same
 * more strictly.
 */

const common = <const T extends TopRole>(type: T) => ({
  _type: constantOf(type),
  spec_version: textOf(/^1(?:\.[0-9]{1,4}){1,2}$/, 'a version 1 of TUF'),
  version: readPositive,
  /** `2026-11-23T00:00:00Z`. */
  expires: valueOf(isTime, 'a time such as 2026-01-31T00:00:00Z'),
});

const readRoot = partOf(
  {
    ...common('root'),
    keys: readAnyKeys,
    roles: partOf({
      root: readAnyRoleKeys,
      timestamp: readAnyRoleKeys,
      snapshot: readAnyRoleKeys,
      targets: readAnyRoleKeys,
    }),
  },
  { consistent_snapshot: readBoolean },
);

/** By the algorithm's name, in lower-case hexadecimal. */
export type Hashes = Read<typeof readHashes>;
const readHashes = mapOf(textUpTo(512, 'a hash', 1), 1, 16);

/** What a file of metadata must be, as another one says it. Signpost says all of it. */
export type FileMeta = Read<typeof readFileMeta>;
const readFileMeta = partOf(
  { version: readPositive },
  { length: countOf('a number of bytes'), hashes: readHashes },
);
const readMeta = mapOf(readFileMeta);
const readNamed = partOf({ 'snapshot.json': readFileMeta });

/** A file under its path; of Signpost, a manifest list under the name of its tag. */
export interface TargetFile {
  readonly length: number;
  readonly hashes: Hashes;
  /** `host/repository:tag`, as the other formats sign it. Metadata that others made need not have it. */
  readonly custom?: { readonly reference: string } | undefined;
}
const readTarget = partOf(
  { length: countOf('a number of bytes'), hashes: readHashes },
  { custom: readAnything },
);

/** Section 4.5. */
export type Targets = Read<typeof readTargets>;
const readTargets = partOf(
  {
    ...common('targets'),
    targets: mapOf((value, where): TargetFile => {
      const { custom, ...file } = readTarget(value, where);
      const reference: unknown = Object(custom).reference;
      return typeof reference === 'string' ? { ...file, custom: { reference } } : file;
    }),
  },
  { delegations: readAnyDelegations },
);

export const metadataReaders = {
  /** Section 4.3. Names of files have the version in front in consistent snapshots, as those of Signpost always are. */
  root: (value: unknown, where: string) => ({ consistent_snapshot: false, ...readRoot(value, where) }),
  /** Section 4.6. */
  timestamp: partOf({
    ...common('timestamp'),
    meta: (value: unknown, where: string) => readNamed(readMeta(value, where), where),
  }),
  /** Section 4.4. */
  snapshot: partOf({ ...common('snapshot'), meta: readMeta }),
  targets: readTargets,
};

/** The metadata of each role, by the name that it has in `_type`. */
export type MetadataTypes = { readonly [T in TopRole]: Read<(typeof metadataReaders)[T]> };
export type Metadata = MetadataTypes[TopRole];
export type Root = MetadataTypes['root'];
export type Timestamp = MetadataTypes['timestamp'];
export type Snapshot = MetadataTypes['snapshot'];

/**
 * How long a file of each role may be, in bytes: what tuf-js and python-tuf read at most. A repository beyond that
 * would be lost to stock clients, so it is refused here first.
 */
export const metadataLimits: Readonly<Record<TopRole, number>> = {
  root: 512_000,
  timestamp: 16_384,
  snapshot: 2_000_000,
  targets: 5_000_000,
};

/** RFC 3339, section 5.6: older tools write parts of a second, and other zones. */
export function isTime(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})$/.test(
      value,
    ) &&
    !Number.isNaN(Date.parse(value))
  );
}
