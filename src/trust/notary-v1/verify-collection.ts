import { SignpostError } from '../../oci/errors.ts';
import type { RoleKeys } from '../tuf/read-any-keys.ts';
import { checkExpiry, expiryOf } from '../tuf/trusted-metadata.ts';
import { checkRole, checkSigned, refuseOlder } from './check-role.ts';
import {
  type NotaryFileMeta,
  type NotaryKeys,
  type NotaryRoot,
  type NotarySigned,
  type NotarySnapshot,
  type NotaryTargets,
  type NotaryTimestamp,
  type NotaryTypes,
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
  for (const metadata of signed) checkExpiry(metadata, now, `the ${metadata._type.toLowerCase()} metadata`);
  const foreign = [...offered.keys()].find((file) => !used.has(file));
  if (foreign !== undefined) throw new SignpostError('TRUST', `nothing of the metadata names ${foreign}`);
  return {
    tags: roles.releases.targets,
    expires: Math.min(...signed.map(expiryOf)),
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
  const shelf = openShelf(all);
  const rootFile = verifyRoot(published, all, shelf);
  const root = rootFile.signed;
  const old = readPublished(published);
  const take = <T extends keyof NotaryTypes>(
    type: T,
    { name, bytes }: NamedFile,
    keys: NotaryKeys,
    role: RoleKeys,
    before: NotaryTypes[T] | undefined,
  ): NotaryTypes[T] => {
    const file = readNotaryFile(bytes, type, name);
    checkSigned(keys, role, file, name);
    refuseOlder(before, file.signed, name);
    return file.signed;
  };

  const { keys, roles } = root;
  const newest = { name: 'timestamp.json', bytes: shelf.file('timestamp.json') };
  const timestamp = take('Timestamp', newest, keys, roles.timestamp, old.timestamp);
  const snapshotFile = shelf.named('snapshot', timestamp.meta.snapshot);
  const snapshot = take('Snapshot', snapshotFile, keys, roles.snapshot, old.snapshot);
  const rootMeta = snapshot.meta.root;
  if (rootMeta === undefined || !matches(shelf.file('root.json'), rootMeta)) {
    throw new SignpostError('TRUST', `${snapshotFile.name} names another root.json`);
  }
  shelf.named('root', rootMeta);

  const targetsFile = shelf.named('targets', snapshot.meta.targets);
  const targets = take('Targets', targetsFile, keys, roles.targets, old.targets);
  const { delegations } = targets;
  const delegation = delegations.roles.find(({ name }) => name === releasesRole);
  if (delegation === undefined || Object.keys(targets.targets).length > 0) {
    throw new SignpostError('TRUST', `${targetsFile.name} does not leave its tags to ${releasesRole}`);
  }
  const releasesFile = shelf.named(releasesRole, snapshot.meta[releasesRole]);
  const releases = take('Targets', releasesFile, delegations.keys, delegation, old.releases);
  return { roles: { root, timestamp, snapshot, targets, releases }, rootFile, used: shelf.used };
}

/** From the published root to the newest, one version at a time, each signed by the keys of the one before. */
function verifyRoot(
  published: CollectionFiles,
  all: CollectionFiles,
  { file, used }: Shelf,
): NotarySigned<NotaryRoot> {
  const bytes = file('root.json');
  const newest = readNotaryFile(bytes, 'Root', 'root.json');
  const { version } = newest.signed;
  const own = file(`${version}.root.json`);
  if (!isSame(own, bytes)) throw new SignpostError('TRUST', `root.json is not ${version}.root.json`);
  checkRole(newest.signed, 'root', newest, 'root.json');
  // By the names that are there, and not up to the version: that is a stranger's word, and may be enormous.
  for (const name of all.keys()) {
    const at = /^([1-9][0-9]{0,15})\.root\.json$/.exec(name)?.[1];
    if (at !== undefined && Number(at) < version) used.add(name);
  }

  const before = published.get('root.json');
  if (before !== undefined) {
    let trusted = readNotaryFile(before, 'Root', 'root.json').signed;
    refuseOlder(trusted, newest.signed, 'root.json');
    while (trusted.version < version) {
      const name = `${trusted.version + 1}.root.json`;
      const next = readNotaryFile(file(name), 'Root', name);
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
  const { named } = openShelf(published);
  const read = <T extends keyof NotaryTypes>(type: T, { name, bytes }: NamedFile) =>
    readNotaryFile(bytes, type, name).signed;
  const snapshot = read('Snapshot', named('snapshot', timestamp.meta.snapshot));
  const targets = read('Targets', named('targets', snapshot.meta.targets));
  const releases = read('Targets', named(releasesRole, snapshot.meta[releasesRole]));
  return { timestamp, snapshot, targets, releases };
}

interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface Shelf {
  /** The names of what was asked for. */
  readonly used: Set<string>;
  readonly file: (name: string) => Uint8Array;
  /** The file with the hash in its name that the metadata above it names. */
  readonly named: (role: string, meta: NotaryFileMeta | undefined) => NamedFile;
}

/** Files by their names. What is missing, or not what was named, throws SignpostError TRUST. */
function openShelf(files: CollectionFiles): Shelf {
  const used = new Set<string>();
  const file = (name: string) => {
    used.add(name);
    const bytes = files.get(name);
    if (bytes === undefined) throw new SignpostError('TRUST', `${name} is missing`);
    return bytes;
  };
  return {
    used,
    file,
    named(role, meta) {
      if (meta === undefined) throw new SignpostError('TRUST', `the snapshot does not name ${role}`);
      const name = `${role}.${Buffer.from(meta.hashes.sha256, 'base64').toString('hex')}.json`;
      const bytes = file(name);
      if (matches(bytes, meta)) return { name, bytes };
      throw new SignpostError('TRUST', `${name} is not the file that the metadata above it names`);
    },
  };
}

function matches(bytes: Uint8Array, meta: NotaryFileMeta): boolean {
  const found = notaryFileMeta(bytes);
  return found.length === meta.length && found.hashes.sha256 === meta.hashes.sha256;
}

/** Clients begin at the timestamp: it comes last. */
function placeOf(file: string): number {
  return file === 'timestamp.json' ? 2 : Number(file === 'root.json');
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a !== undefined && Buffer.from(a).equals(b);
}
