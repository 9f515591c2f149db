import type { TufKey } from './key.ts';

/** The TUF specification whose format and rules these files follow. */
export const specificationVersion = '1.0.31';

/** The roles that every repository has (TUF 1.0, section 2.1). */
export const topRoles = ['root', 'timestamp', 'snapshot', 'targets'] as const;
export type TopRole = (typeof topRoles)[number];

interface Common<T extends TopRole> {
  readonly _type: T;
  readonly spec_version: string;
  readonly version: number;
  /** `2026-11-23T00:00:00Z`. */
  readonly expires: string;
}

/** Whose signatures a role needs, and how many. */
export interface RoleKeys {
  readonly keyids: readonly string[];
  readonly threshold: number;
}

export type Keys = Readonly<Record<string, TufKey>>;

/** Section 4.3. */
export interface Root extends Common<'root'> {
  /** Whether names of files have the version in front, as those of Signpost always do. */
  readonly consistent_snapshot: boolean;
  readonly keys: Keys;
  readonly roles: Readonly<Record<TopRole, RoleKeys>>;
}

/** By the algorithm's name, in lower-case hexadecimal. */
export type Hashes = Readonly<Record<string, string>>;

/** What a file of metadata must be, as another one says it. Signpost says all of it. */
export interface FileMeta {
  readonly version: number;
  readonly length?: number;
  readonly hashes?: Hashes;
}

/** Section 4.6. */
export interface Timestamp extends Common<'timestamp'> {
  readonly meta: { readonly 'snapshot.json': FileMeta };
}

/** Section 4.4. */
export interface Snapshot extends Common<'snapshot'> {
  readonly meta: Readonly<Record<string, FileMeta>>;
}

/** A file under its path; of Signpost, a manifest list under the name of its tag. */
export interface TargetFile {
  readonly length: number;
  readonly hashes: Hashes;
  /** `host/repository:tag`, as the other formats sign it. Metadata that others made need not have it. */
  readonly custom?: { readonly reference?: string };
}

/** Which paths a role may sign: those of the patterns, or those whose SHA-256 begins so. */
export interface DelegatedRole extends RoleKeys {
  readonly name: string;
  readonly paths?: readonly string[];
  readonly pathHashPrefixes?: readonly string[];
  readonly terminating: boolean;
}

/** Many roles of the same keys, of which each has an equal share of all paths by their SHA-256 (TAP 15). */
export interface SuccinctRoles extends RoleKeys {
  readonly bitLength: number;
  readonly namePrefix: string;
}

export interface Delegations {
  readonly keys: Keys;
  readonly roles: readonly DelegatedRole[];
  readonly succinct?: SuccinctRoles;
}

/** Section 4.5. */
export interface Targets extends Common<'targets'> {
  readonly targets: Readonly<Record<string, TargetFile>>;
  readonly delegations?: Delegations;
}

export type Metadata = Root | Timestamp | Snapshot | Targets;

/** The metadata of each role, by the name that it has in `_type`. */
export interface MetadataTypes {
  readonly root: Root;
  readonly timestamp: Timestamp;
  readonly snapshot: Snapshot;
  readonly targets: Targets;
}

/** A signature by one key. */
export interface MetadataSignature {
  readonly keyid: string;
  /** In hexadecimal. */
  readonly sig: string;
}

/** A file of metadata. */
export interface Signed<T extends Metadata> {
  readonly signatures: readonly MetadataSignature[];
  readonly signed: T;
  /** What the signatures are over: all that the file says, unknown fields too. */
  readonly covered: Uint8Array;
}

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
