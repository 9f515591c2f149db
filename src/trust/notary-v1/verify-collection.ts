import { SignpostError } from '../../oci/errors.ts';
import { checkRole, checkSigned, refuseOlder } from './check-role.ts';
import {
  type NotaryFileMeta,
  type NotaryMetadata,
  type NotaryRoot,
  type NotarySigned,
  type NotarySnapshot,
  type NotaryTargets,
  type NotaryTimestamp,
  releasesRole,
} from './metadata.ts';
import { type Collection, isImmutable } from './names.ts';
import { notaryFileMeta } from './next-metadata.ts';
import { readNotaryFile } from './read-metadata.ts';
import { describeRootPin, judgeRootPin } from './root-pin.ts';

/** Bytes by the file's name, such as `timestamp.json`. */
export type CollectionFiles = ReadonlyMap<string, Uint8Array>;

export interface VerifiedCollection {
  /** The tags, as clients will find them. */
  readonly tags: NotaryTargets['targets'];
  /** When the first of the files expires, in milliseconds since the epoch. */
  readonly expires: number;
  /** What is new, in the order in which it may be placed. */
  readonly files: readonly { readonly file: string; readonly bytes: Uint8Array }[];
}

export interface CollectionPolicy {
  readonly collection: Collection;
  /** SHA-256 of the DER of the root certificates that the operator trusts, in lower-case hexadecimal. */
  readonly certificates: ReadonlySet<string>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Whether `offered` may follow what is published of a Notary v1 collection: as strict as its clients, and stricter
 * where they pass over things (a root is pinned to its certificate from the start).
 * @throws SignpostError TRUST, ROLLBACK, REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function verifyCollection(
  { collection, certificates, now }: CollectionPolicy,
  published: CollectionFiles,
  offered: CollectionFiles,
): VerifiedCollection {
  const { roles, rootFile, used } = walkCollection(published, offered);
  const pin = judgeRootPin(rootFile, collection, certificates, now);
  if (pin !== 'pinned') throw new SignpostError('TRUST', describeRootPin(pin, collection));
  const signed = Object.values(roles);
  for (const metadata of signed) checkExpiry(metadata, now);
  const foreign = [...offered.keys()].find((file) => !used.has(file));
  if (foreign !== undefined) throw new SignpostError('TRUST', `nothing of the metadata names ${foreign}`);
  return {
    tags: roles.releases.targets,
    expires: Math.min(...signed.map(({ expires }) => Date.parse(expires))),
    files: [...offered]
      .filter(([file, bytes]) => !isSame(published.get(file), bytes))
      .sort(([a], [b]) => placeOf(a) - placeOf(b))
      .map(([file, bytes]) => ({ file, bytes })),
  };
}

/** The newest metadata of each role; nothing of it has been asked when it expires. */
export interface CollectionRoles {
  readonly root: NotaryRoot;
  readonly timestamp: NotaryTimestamp;
  readonly snapshot: NotarySnapshot;
  readonly targets: NotaryTargets;
  readonly releases: NotaryTargets;
}

/**
 * Walks from the root to the tags: signatures, hashes, versions. Expiry and the certificate of the root are for the
 * caller to judge. `used` has the names of the files that belong to it.
 * @throws SignpostError TRUST, ROLLBACK, REQUEST_INVALID, LIMIT_EXCEEDED
 */
export function walkCollection(
  published: CollectionFiles,
  offered: CollectionFiles,
): {
  readonly roles: CollectionRoles;
  /** The root with its signatures: they are by its own keys, and whose these are is for the caller to judge. */
  readonly rootFile: NotarySigned<NotaryRoot>;
  readonly used: ReadonlySet<string>;
} {
  const all = new Map([...published, ...offered]);
  for (const [file, bytes] of offered) {
    const before = published.get(file);
    if (isImmutable(file) && before !== undefined && !isSame(before, bytes)) {
      throw new SignpostError('ROLLBACK', `${file} was published before with other content`);
    }
  }
  const used = new Set<string>();
  const rootFile = verifyRoot(published, all, used);
  const root = rootFile.signed;
  const old = readPublished(published);

  const timestamp = readNotaryFile(fileOf(all, 'timestamp.json', used), 'Timestamp', 'timestamp.json');
  checkRole(root, 'timestamp', timestamp, 'timestamp.json');
  refuseOlder(old.timestamp, timestamp.signed, 'timestamp.json');

  const [snapshotFile, snapshotBytes] = namedFile(all, 'snapshot', timestamp.signed.meta.snapshot, used);
  const snapshot = readNotaryFile(snapshotBytes, 'Snapshot', snapshotFile);
  checkRole(root, 'snapshot', snapshot, snapshotFile);
  refuseOlder(old.snapshot, snapshot.signed, snapshotFile);

  const rootMeta = snapshot.signed.meta.root;
  if (rootMeta === undefined || !matches(fileOf(all, 'root.json', used), rootMeta)) {
    throw new SignpostError('TRUST', `${snapshotFile} names another root.json`);
  }
  namedFile(all, 'root', rootMeta, used);
  const targets = readTargets(all, 'targets', snapshot.signed.meta, used);
  checkRole(root, 'targets', targets.file, targets.name);
  refuseOlder(old.targets, targets.file.signed, targets.name);

  const releases = readTargets(all, releasesRole, snapshot.signed.meta, used);
  const { delegations } = targets.file.signed;
  const delegation = delegations.roles.find(({ name }) => name === releasesRole);
  if (delegation === undefined || Object.keys(targets.file.signed.targets).length > 0) {
    throw new SignpostError('TRUST', `${targets.name} does not leave its tags to ${releasesRole}`);
  }
  checkSigned(delegations.keys, delegation, releases.file, releases.name);
  refuseOlder(old.releases, releases.file.signed, releases.name);
  return {
    roles: {
      root,
      timestamp: timestamp.signed,
      snapshot: snapshot.signed,
      targets: targets.file.signed,
      releases: releases.file.signed,
    },
    rootFile,
    used,
  };
}

/** From the published root to the newest, one version at a time, each signed by the keys of the one before. */
function verifyRoot(
  published: CollectionFiles,
  all: CollectionFiles,
  used: Set<string>,
): NotarySigned<NotaryRoot> {
  const bytes = fileOf(all, 'root.json', used);
  const newest = readNotaryFile(bytes, 'Root', 'root.json');
  const { version } = newest.signed;
  const own = fileOf(all, `${version}.root.json`, used);
  if (!isSame(own, bytes)) throw new SignpostError('TRUST', `root.json is not ${version}.root.json`);
  checkRole(newest.signed, 'root', newest, 'root.json');
  // By the names that are there, and not up to the version: that is a stranger's word, and may be enormous.
  for (const file of all.keys()) {
    const at = /^([1-9][0-9]{0,15})\.root\.json$/.exec(file)?.[1];
    if (at !== undefined && Number(at) < version) used.add(file);
  }

  const before = published.get('root.json');
  if (before !== undefined) {
    let trusted = readNotaryFile(before, 'Root', 'root.json').signed;
    refuseOlder(trusted, newest.signed, 'root.json');
    while (trusted.version < version) {
      const name = `${trusted.version + 1}.root.json`;
      const next = readNotaryFile(fileOf(all, name, used), 'Root', name);
      if (next.signed.version !== trusted.version + 1) {
        throw new SignpostError('ROLLBACK', `${name} says that it is version ${next.signed.version}`);
      }
      checkRole(trusted, 'root', next, name);
      checkRole(next.signed, 'root', next, name);
      trusted = next.signed;
    }
  }
  return newest;
}

function readPublished(published: CollectionFiles) {
  const timestampBytes = published.get('timestamp.json');
  if (timestampBytes === undefined) return {};
  const timestamp = readNotaryFile(timestampBytes, 'Timestamp', 'timestamp.json').signed;
  const used = new Set<string>();
  const [name, bytes] = namedFile(published, 'snapshot', timestamp.meta.snapshot, used);
  const snapshot = readNotaryFile(bytes, 'Snapshot', name).signed;
  const targets = readTargets(published, 'targets', snapshot.meta, used).file.signed;
  const releases = readTargets(published, releasesRole, snapshot.meta, used).file.signed;
  return { timestamp, snapshot, targets, releases };
}

function readTargets(
  files: CollectionFiles,
  role: string,
  meta: Readonly<Record<string, NotaryFileMeta>>,
  used: Set<string>,
): { readonly name: string; readonly file: NotarySigned<NotaryTargets> } {
  const expected = meta[role];
  if (expected === undefined) throw new SignpostError('TRUST', `the snapshot does not name ${role}`);
  const [name, bytes] = namedFile(files, role, expected, used);
  return { name, file: readNotaryFile(bytes, 'Targets', name) };
}

/** The file with the hash in its name that the metadata above it names. */
function namedFile(
  files: CollectionFiles,
  role: string,
  meta: NotaryFileMeta,
  used: Set<string>,
): readonly [string, Uint8Array] {
  const name = `${role}.${Buffer.from(meta.hashes.sha256, 'base64').toString('hex')}.json`;
  const bytes = fileOf(files, name, used);
  if (matches(bytes, meta)) return [name, bytes];
  throw new SignpostError('TRUST', `${name} is not the file that the metadata above it names`);
}

function fileOf(files: CollectionFiles, name: string, used: Set<string>): Uint8Array {
  used.add(name);
  const bytes = files.get(name);
  if (bytes === undefined) throw new SignpostError('TRUST', `${name} is missing`);
  return bytes;
}

function matches(bytes: Uint8Array, meta: NotaryFileMeta): boolean {
  const found = notaryFileMeta(bytes);
  return found.length === meta.length && found.hashes.sha256 === meta.hashes.sha256;
}

function checkExpiry({ _type, expires }: NotaryMetadata, now: number): void {
  if (Date.parse(expires) > now) return;
  throw new SignpostError('TRUST', `the ${_type.toLowerCase()} metadata expired on ${expires}`);
}

/** Clients begin at the timestamp: it comes last. */
function placeOf(file: string): number {
  return file === 'timestamp.json' ? 2 : Number(file === 'root.json');
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.from(a).equals(b);
}
