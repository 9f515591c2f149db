import { createHash } from 'node:crypto';
import { type Digest, digestHex } from '../../oci/digest.ts';
import type { TagName } from '../../oci/reference.ts';
import { canonicalJson } from '../canonical-json.ts';
import { toRawSignature } from '../ecdsa-signature.ts';
import type { RoleKeys } from '../tuf/read-any-keys.ts';
import { type NotaryKey, notaryKeyId } from './key.ts';
import {
  type NotaryFileMeta,
  type NotaryMetadata,
  type NotaryRoot,
  type NotarySnapshot,
  type NotaryTargets,
  type NotaryTimestamp,
  releasesRole,
} from './metadata.ts';
import type { NotarySignature } from './read-metadata.ts';
import { formatSecond } from '../../text/format-time.ts';

/*
 * Each function makes the metadata that follows `previous` (undefined for the first): its version is one more, and
 * `expires` is in milliseconds since the epoch.
 */

/** The keys of the roles: one each, as every client of Notary v1 expects. Root keys have certificates. */
export interface NotaryRoleKey {
  readonly root: readonly NotaryKey[];
  readonly snapshot: NotaryKey;
  readonly targets: NotaryKey;
  readonly timestamp: NotaryKey;
}

export function nextNotaryRoot(
  previous: NotaryRoot | undefined,
  { root, snapshot, targets, timestamp }: NotaryRoleKey,
  expires: number,
): NotaryRoot {
  return {
    _type: 'Root',
    consistent_snapshot: false,
    ...common(previous, expires),
    keys: byId([...root, snapshot, targets, timestamp]),
    roles: {
      root: roleOf(root),
      snapshot: roleOf([snapshot]),
      targets: roleOf([targets]),
      timestamp: roleOf([timestamp]),
    },
  };
}

/** The targets role: it has no tags, and delegates all of them to "targets/releases". */
export function nextNotaryTargets(
  previous: NotaryTargets | undefined,
  delegate: NotaryKey,
  expires: number,
): NotaryTargets {
  return {
    _type: 'Targets',
    ...common(previous, expires),
    targets: {},
    delegations: {
      keys: byId([delegate]),
      roles: [{ name: releasesRole, paths: [''], ...roleOf([delegate]) }],
    },
  };
}

/** A tag and its list. */
export interface NotaryTarget {
  readonly tag: TagName;
  readonly list: Digest;
  /** Bytes in the list. */
  readonly size: number;
}

/** The tags of `previous`, with `signed` in place of those of the same name. */
export function nextNotaryReleases(
  previous: NotaryTargets | undefined,
  signed: readonly NotaryTarget[],
  expires: number,
): NotaryTargets {
  const added = signed.map(({ tag, list, size }): readonly [string, NotaryFileMeta] => [
    tag,
    { length: size, hashes: { sha256: Buffer.from(digestHex(list), 'hex').toString('base64') } },
  ]);
  return {
    _type: 'Targets',
    ...common(previous, expires),
    targets: { ...previous?.targets, ...Object.fromEntries(added) },
    delegations: { keys: {}, roles: [] },
  };
}

/** `files` by role. */
export function nextNotarySnapshot(
  previous: NotarySnapshot | undefined,
  files: Readonly<Record<string, Uint8Array>>,
  expires: number,
): NotarySnapshot {
  return {
    _type: 'Snapshot',
    ...common(previous, expires),
    meta: Object.fromEntries(Object.entries(files).map(([role, bytes]) => [role, notaryFileMeta(bytes)])),
  };
}

export function nextNotaryTimestamp(
  previous: NotaryTimestamp | undefined,
  snapshot: Uint8Array,
  expires: number,
): NotaryTimestamp {
  return { _type: 'Timestamp', ...common(previous, expires), meta: { snapshot: notaryFileMeta(snapshot) } };
}

/** What is signed of a file. */
export function notarySignedBytes(metadata: NotaryMetadata): Uint8Array {
  return Buffer.from(canonicalJson(metadata));
}

/** @param der of an ECDSA-Sig-Value */
export function notarySignature(key: NotaryKey, der: Uint8Array): NotarySignature {
  const sig = Buffer.from(toRawSignature(der, 32)).toString('base64');
  return { keyid: notaryKeyId(key), method: 'ecdsa', sig };
}

/** The bytes of a file. What is signed stands in them as it was signed. */
export function formatNotaryFile(
  metadata: NotaryMetadata,
  signatures: readonly NotarySignature[],
): Uint8Array {
  return Buffer.from(`{"signed":${canonicalJson(metadata)},"signatures":${canonicalJson(signatures)}}`);
}

export function notaryFileMeta(bytes: Uint8Array): NotaryFileMeta {
  return { length: bytes.length, hashes: { sha256: createHash('sha256').update(bytes).digest('base64') } };
}

function common(previous: NotaryMetadata | undefined, expires: number) {
  return { version: (previous?.version ?? 0) + 1, expires: formatSecond(expires) };
}

function byId(keys: readonly NotaryKey[]): Readonly<Record<string, NotaryKey>> {
  return Object.fromEntries(keys.map((key) => [notaryKeyId(key), key]));
}

function roleOf(keys: readonly NotaryKey[]): RoleKeys {
  return { keyids: keys.map(notaryKeyId), threshold: 1 };
}
