import { SignpostError } from '../../oci/errors.ts';
import { checkSignatures } from './check-signatures.ts';
import { contentMatches } from './content-matches.ts';
import { findRole } from './delegated-roles.ts';
import type { FileMeta, Metadata, Root, Snapshot, Targets, Timestamp } from './metadata.ts';
import type { TopRole } from './names.ts';
import { readMetadata } from './read-metadata.ts';

/** What a client has verified so far. */
export interface TrustedMetadata {
  readonly root: Root;
  readonly timestamp?: Timestamp;
  readonly snapshot?: Snapshot;
  readonly targets?: Targets;
  /** By the role's name. */
  readonly delegated: ReadonlyMap<string, Targets>;
}

/*
 * The workflow of a client, TUF 1.0, section 5, as a machine without input and output: each step takes what is trusted
 * and the bytes of a file, and returns what is trusted then. Each throws SignpostError TRUST (signatures, expiry,
 * mix-ups), ROLLBACK (versions), REQUEST_INVALID or LIMIT_EXCEEDED (the file itself). Numbers are the specification's.
 */

/** 5.2: the root that came with the client, by a way of its own. */
export function trustRoot(bytes: Uint8Array): TrustedMetadata {
  const file = readMetadata(bytes, 'root', 'the trusted root');
  checkSignatures(file, file.signed.keys, file.signed.roles.root, 'the trusted root');
  return { root: file.signed, delegated: new Map() };
}

/** 5.3: the next root, one version at a time. */
export function updateRoot(trusted: TrustedMetadata, bytes: Uint8Array): TrustedMetadata {
  const where = `${trusted.root.version + 1}.root.json`;
  const file = readMetadata(bytes, 'root', where);
  const { signed } = file;
  // 5.3.4: by the threshold of the old keys and of its own.
  checkSignatures(
    file,
    trusted.root.keys,
    trusted.root.roles.root,
    `${where}, by the keys of the root before it,`,
  );
  checkSignatures(file, signed.keys, signed.roles.root, where);
  // 5.3.5: exactly one more.
  if (signed.version !== trusted.root.version + 1) {
    throw new SignpostError('ROLLBACK', `${where} says that it is version ${signed.version}`);
  }
  return withRoot(trusted, signed);
}

/** 5.3.11: with other keys for timestamp or snapshot, a fast-forward by the old ones must not last. */
export function withRoot(trusted: TrustedMetadata, root: Root): TrustedMetadata {
  const rotated = (['timestamp', 'snapshot'] as const).some(
    (role) => keysOf(trusted.root, role) !== keysOf(root, role),
  );
  return rotated ? { root, ...keepTargets(trusted) } : { ...trusted, root };
}

/** 5.3.10: the newest root must not have expired. `now` in milliseconds since the epoch, here and below. */
export function checkRoot({ root }: TrustedMetadata, now: number): void {
  checkExpiry(root, now, `${root.version}.root.json`);
}

/**
 * 5.4. Without `now` the file is one that was trusted before, and may have expired. One of the version that is trusted
 * already changes nothing (5.4.3.1).
 */
export function updateTimestamp(trusted: TrustedMetadata, bytes: Uint8Array, now?: number): TrustedMetadata {
  const where = 'timestamp.json';
  const file = readMetadata(bytes, 'timestamp', where);
  const { signed } = file;
  // 5.4.2
  checkRole(trusted, file, 'timestamp', where);
  // 5.4.3: neither the timestamp nor the snapshot it names goes back.
  if (trusted.timestamp !== undefined) {
    refuseOlder(trusted.timestamp.version, signed.version, where);
    if (signed.version === trusted.timestamp.version) {
      if (now !== undefined) checkExpiry(trusted.timestamp, now, where);
      return trusted;
    }
    const meta = 'snapshot.json';
    refuseOlder(trusted.timestamp.meta[meta].version, signed.meta[meta].version, `the snapshot in ${where}`);
  }
  // 5.4.4
  if (now !== undefined) checkExpiry(signed, now, where);
  return { ...trusted, timestamp: signed };
}

/** 5.5. `now` as in {@link updateTimestamp}. */
export function updateSnapshot(trusted: TrustedMetadata, bytes: Uint8Array, now?: number): TrustedMetadata {
  const meta = trusted.timestamp?.meta['snapshot.json'];
  if (meta === undefined) throw new SignpostError('TRUST', 'a snapshot is verified after its timestamp');
  const where = `${meta.version}.snapshot.json`;
  // 5.5.2
  checkFile(bytes, meta, where);
  const file = readMetadata(bytes, 'snapshot', where);
  const { signed } = file;
  // 5.5.3
  checkRole(trusted, file, 'snapshot', where);
  // 5.5.4
  checkVersion(signed, meta, where);
  // 5.5.5: nothing that the snapshot before named is gone or goes back.
  for (const [name, before] of Object.entries(trusted.snapshot?.meta ?? {})) {
    const after = signed.meta[name];
    if (after === undefined) throw new SignpostError('ROLLBACK', `${where} no longer has ${name}`);
    refuseOlder(before.version, after.version, `${name} in ${where}`);
  }
  // 5.5.6
  if (now !== undefined) checkExpiry(signed, now, where);
  return { ...trusted, snapshot: signed };
}

/**
 * A snapshot that was trusted before, for 5.5.5: the timestamp may name a newer one since, of which nothing came.
 */
export function recallSnapshot(trusted: TrustedMetadata, bytes: Uint8Array): TrustedMetadata {
  const where = 'the snapshot seen before';
  const file = readMetadata(bytes, 'snapshot', where);
  checkRole(trusted, file, 'snapshot', where);
  return { ...trusted, snapshot: file.signed };
}

/**
 * 5.6: the targets role, or a role that `delegator` delegates to, by whose keys alone it is verified. What it returns is
 * for the caller to trust from then on; without `now` its expiry is for the caller to check, too.
 */
export function verifyTargets(
  trusted: TrustedMetadata,
  role: string,
  bytes: Uint8Array,
  now?: number,
  delegator: Targets | undefined = trusted.targets,
): Targets {
  const meta = trusted.snapshot?.meta[`${role}.json`];
  if (meta === undefined) throw new SignpostError('TRUST', `the snapshot does not name ${role}.json`);
  const where = `${meta.version}.${role}.json`;
  // 5.6.2
  checkFile(bytes, meta, where);
  const file = readMetadata(bytes, 'targets', where);
  const { signed } = file;
  // 5.6.3
  if (role === 'targets') checkRole(trusted, file, 'targets', where);
  else checkDelegated(delegator, file, role, where);
  // 5.6.4
  checkVersion(signed, meta, where);
  // 5.6.5
  if (now !== undefined) checkExpiry(signed, now, where);
  return signed;
}

/** Milliseconds since the epoch. */
export function expiryOf({ expires }: Pick<Metadata, 'expires'>): number {
  return Date.parse(expires);
}

type File = Parameters<typeof checkSignatures>[0];

function checkRole({ root }: TrustedMetadata, file: File, role: TopRole, where: string): void {
  checkSignatures(file, root.keys, root.roles[role], where);
}

function checkDelegated(delegator: Targets | undefined, file: File, role: string, where: string): void {
  const delegations = delegator?.delegations;
  const delegated = delegations && findRole(delegations, role);
  if (delegated === undefined) throw new SignpostError('TRUST', `nothing delegates to ${where}`);
  checkSignatures(file, delegations?.keys ?? {}, delegated, where);
}

function checkFile(bytes: Uint8Array, meta: FileMeta, where: string): void {
  if (contentMatches(bytes, meta)) return;
  throw new SignpostError('TRUST', `${where} is not the file that the metadata above it names`);
}

function checkVersion({ version }: Metadata, meta: FileMeta, where: string): void {
  if (version !== meta.version)
    throw new SignpostError('TRUST', `${where} says that it is version ${version}`);
}

/** Throws SignpostError ROLLBACK. */
export function refuseOlder(before: number, after: number, where: string): void {
  if (after >= before) return;
  throw new SignpostError('ROLLBACK', `${where} is version ${after}, but version ${before} was there before`);
}

/** Throws SignpostError TRUST. */
export function checkExpiry(metadata: Pick<Metadata, 'expires'>, now: number, where: string): void {
  if (expiryOf(metadata) > now) return;
  throw new SignpostError('TRUST', `${where} expired on ${metadata.expires}`);
}

function keysOf({ roles }: Root, role: TopRole): string {
  const { keyids, threshold } = roles[role];
  return [threshold, ...[...keyids].sort()].join(' ');
}

function keepTargets({
  targets,
  delegated,
}: TrustedMetadata): Pick<TrustedMetadata, 'targets' | 'delegated'> {
  return targets === undefined ? { delegated } : { targets, delegated };
}
