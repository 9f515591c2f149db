import type { NotaryKey } from './key.ts';

// The dialect of TUF that Notary v1 speaks (theupdateframework/notary, tuf/data). It has no spec_version, its types are
// capitalised, names in snapshots have no ".json", and hashes are base64.

interface Common<T extends string> {
  readonly _type: T;
  readonly version: number;
  /** RFC 3339 */
  readonly expires: string;
}

export interface NotaryRoleKeys {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

export const notaryRoles = ['root', 'snapshot', 'targets', 'timestamp'] as const;
export type NotaryRole = (typeof notaryRoles)[number];

export type NotaryKeys = Readonly<Record<string, NotaryKey>>;

export interface NotaryRoot extends Common<'Root'> {
  readonly consistent_snapshot: boolean;
  readonly keys: NotaryKeys;
  readonly roles: Readonly<Record<NotaryRole, NotaryRoleKeys>>;
}

/** A file's or an image's length and hash. */
export interface NotaryFileMeta {
  readonly length: number;
  readonly hashes: { readonly sha256: string; readonly sha512?: string };
}

export interface NotaryDelegation extends NotaryRoleKeys {
  readonly name: string;
  readonly paths: readonly string[];
}

export interface NotaryTargets extends Common<'Targets'> {
  readonly targets: Readonly<Record<string, NotaryFileMeta>>;
  readonly delegations: { readonly keys: NotaryKeys; readonly roles: readonly NotaryDelegation[] };
}

export interface NotarySnapshot extends Common<'Snapshot'> {
  readonly meta: Readonly<Record<string, NotaryFileMeta>>;
}

export interface NotaryTimestamp extends Common<'Timestamp'> {
  readonly meta: { readonly snapshot: NotaryFileMeta };
}

export type NotaryMetadata = NotaryRoot | NotaryTargets | NotarySnapshot | NotaryTimestamp;

export interface NotarySignature {
  readonly keyid: string;
  readonly method: 'ecdsa';
  /** Base64 of r and s, 32 bytes each. */
  readonly sig: string;
}

export interface NotarySigned<T extends NotaryMetadata> {
  readonly signed: T;
  readonly signatures: readonly NotarySignature[];
}

/** The role of the tags: docker trust looks there before it looks into "targets". */
export const releasesRole = 'targets/releases';

/** What clients read at most, in bytes. */
export const notaryFileLimit = 5 * 1024 * 1024;
