import { createHash } from 'node:crypto';
import { type Digest, digestHex } from '../../oci/digest.ts';
import type { RepositoryName, TagName } from '../../oci/reference.ts';
import { canonicalJson } from '../canonical-json.ts';
import type { TufKey } from './key.ts';
import {
  type FileMeta,
  type Metadata,
  type Root,
  type Snapshot,
  type TargetFile,
  type Targets,
  type Timestamp,
  specificationVersion,
} from './metadata.ts';
import { type TopRole, pathsOfRepository, roleOfRepository, targetPath } from './names.ts';
import type { RoleKeys } from './read-any-keys.ts';
import type { MetadataSignature } from './signed-file.ts';
import { keyIdOf } from './key.ts';
import { formatSecond } from '../../text/format-time.ts';

/*
 * Each function makes the metadata that follows `previous` (undefined for the first): its version is one more, and
 * `expires` is in milliseconds since the epoch.
 */

/** The keys of a role, and how many of them have to sign. */
export interface RoleOfKeys {
  readonly keys: readonly TufKey[];
  readonly threshold: number;
}

export function nextRoot(
  previous: Root | undefined,
  roles: Readonly<Record<TopRole, RoleOfKeys>>,
  expires: number,
): Root {
  const all = Object.values(roles).flatMap(({ keys }) => keys);
  return {
    _type: 'root',
    ...common(previous, expires),
    consistent_snapshot: true,
    keys: byId(all),
    roles: {
      root: toRoleKeys(roles.root),
      timestamp: toRoleKeys(roles.timestamp),
      snapshot: toRoleKeys(roles.snapshot),
      targets: toRoleKeys(roles.targets),
    },
  };
}

/** A tag as it was signed. */
export interface SignedTarget {
  readonly tag: TagName;
  readonly list: Digest;
  /** Bytes in the list. */
  readonly size: number;
  /** `host/repository:tag`. */
  readonly reference: string;
}

/** The role of one repository: the tags of `previous`, with `signed` in place of those of the same name. */
export function nextRepositoryTargets(
  previous: Targets | undefined,
  repository: RepositoryName,
  signed: readonly SignedTarget[],
  expires: number,
): Targets {
  const added = signed.map(({ tag, list, size, reference }): readonly [string, TargetFile] => [
    targetPath(repository, tag),
    { length: size, hashes: { sha256: digestHex(list) }, custom: { reference } },
  ]);
  return {
    _type: 'targets',
    ...common(previous, expires),
    targets: { ...previous?.targets, ...Object.fromEntries(added) },
  };
}

/** The targets role itself: it has no tags and delegates each repository's to a role of its own. */
export function nextTargets(
  previous: Targets | undefined,
  repositories: Iterable<RepositoryName>,
  delegate: RoleOfKeys,
  expires: number,
): Targets {
  return {
    _type: 'targets',
    ...common(previous, expires),
    targets: {},
    delegations: {
      keys: byId(delegate.keys),
      roles: [...repositories]
        .sort()
        .map((repository) => ({
          name: roleOfRepository(repository),
          paths: pathsOfRepository(repository),
          terminating: true,
          ...toRoleKeys(delegate),
        })),
    },
  };
}

/** Every file of targets, by its name without the version. */
export function nextSnapshot(
  previous: Snapshot | undefined,
  files: ReadonlyMap<string, FileMeta>,
  expires: number,
): Snapshot {
  return {
    _type: 'snapshot',
    ...common(previous, expires),
    meta: { ...previous?.meta, ...Object.fromEntries(files) },
  };
}

export function nextTimestamp(
  previous: Timestamp | undefined,
  snapshot: FileMeta,
  expires: number,
): Timestamp {
  return { _type: 'timestamp', ...common(previous, expires), meta: { 'snapshot.json': snapshot } };
}

/** What is signed of a file of metadata. */
export function signedBytes(metadata: Metadata): Uint8Array {
  return Buffer.from(canonicalJson(metadata));
}

/** The bytes of a file of metadata. */
export function formatMetadata(metadata: Metadata, signatures: readonly MetadataSignature[]): Uint8Array {
  return Buffer.from(JSON.stringify({ signatures, signed: metadata }));
}

/** A file, as the one above it names it. */
export function fileMetaOf(bytes: Uint8Array, { version }: Metadata): FileMeta {
  return {
    version,
    length: bytes.length,
    hashes: { sha256: createHash('sha256').update(bytes).digest('hex') },
  };
}

/** A time as TUF writes it. A part of a second is cut off, so that nothing lives longer than asked. */

function common(previous: Metadata | undefined, expires: number) {
  return {
    spec_version: specificationVersion,
    version: (previous?.version ?? 0) + 1,
    expires: formatSecond(expires),
  };
}

function byId(keys: readonly TufKey[]): Readonly<Record<string, TufKey>> {
  return Object.fromEntries(keys.map((key) => [keyIdOf(key), key]));
}

function toRoleKeys({ keys, threshold }: RoleOfKeys): RoleKeys {
  return { keyids: keys.map(keyIdOf), threshold };
}
