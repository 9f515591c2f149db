import { createHash } from 'node:crypto';
import { type StateName, attacked } from './attack-states.ts';
import type { AttackWorld } from './attack-world.ts';
import { readSigned, resignNotary } from './resign.ts';
import { inAWeek, keyOf, readOfState } from './stolen-keys.ts';

/** Files of Notary v1 metadata that a thief makes, by the paths under which clients ask for them. */
type MadeFiles = Readonly<Record<string, Uint8Array>>;

const releases = 'targets/releases';

/** Where the metadata of the attacked repository is, below the tree. */
export function notaryFolder({ registry }: AttackWorld): string {
  return `v2/${registry}/${attacked}/_trust/tuf`;
}

/** A thief with the key of the timestamp role says that the snapshot of a state is the newest. */
export function sayNewest(world: AttackWorld, state: StateName): MadeFiles {
  return makeNotaryTimestamp(world, readSnapshot(world, state));
}

/** A thief with the keys of the timestamp and the snapshot role puts an older state's tags among the newest. */
export function putOldTags(world: AttackWorld): MadeFiles {
  return makeNotarySnapshot(world, readReleases(world, 'old'));
}

/** The same thief signs a tag with a key of their own, having none of the targets role. */
export function nameOwnTag(world: AttackWorld): MadeFiles {
  const { manifest, digest } = world.images.thief;
  const sha256 = Buffer.from(digest.slice('sha256:'.length), 'hex').toString('base64');
  const tags = { '1.0': { length: manifest.length, hashes: { sha256 } } };
  const own = resignNotary(readReleases(world, 'current'), keyOf(world, 'thief'), (signed) => ({
    ...signed,
    version: Number(signed.version) + 1,
    targets: tags,
  }));
  return makeNotarySnapshot(world, own);
}

function makeNotaryTimestamp(world: AttackWorld, snapshot: Uint8Array): MadeFiles {
  const path = `${notaryFolder(world)}/timestamp.json`;
  const made = resignNotary(readOfState(world, 'current', path), keyOf(world, 'timestamp'), (signed) => ({
    ...signed,
    version: Number(signed.version) + 1,
    expires: inAWeek(),
    meta: { ...(signed.meta as object), snapshot: describe(snapshot) },
  }));
  return { [`/${path}`]: made, [`/${notaryFolder(world)}/${fileName('snapshot', snapshot)}`]: snapshot };
}

function makeNotarySnapshot(world: AttackWorld, tags: Uint8Array): MadeFiles {
  const before = readSnapshot(world, 'current');
  const snapshot = resignNotary(before, keyOf(world, 'snapshot'), (signed) => ({
    ...signed,
    version: Number(signed.version) + 1,
    meta: { ...(signed.meta as object), [releases]: describe(tags) },
  }));
  return {
    ...makeNotaryTimestamp(world, snapshot),
    [`/${notaryFolder(world)}/${fileName(releases, tags)}`]: tags,
  };
}

function readSnapshot(world: AttackWorld, state: StateName): Buffer {
  return readNamed(
    world,
    state,
    readOfState(world, state, `${notaryFolder(world)}/timestamp.json`),
    'snapshot',
  );
}

function readReleases(world: AttackWorld, state: StateName): Buffer {
  return readNamed(world, state, readSnapshot(world, state), releases);
}

/** The file of a role, as another file names it by its hash. */
function readNamed(world: AttackWorld, state: StateName, by: Uint8Array, role: string): Buffer {
  const meta = readSigned(by).signed.meta as Record<string, { hashes: { sha256: string } }>;
  const hex = Buffer.from(meta[role]?.hashes.sha256 ?? '', 'base64').toString('hex');
  return readOfState(world, state, `${notaryFolder(world)}/${role}.${hex}.json`);
}

function describe(bytes: Uint8Array) {
  return { length: bytes.length, hashes: { sha256: createHash('sha256').update(bytes).digest('base64') } };
}

function fileName(role: string, bytes: Uint8Array): string {
  return `${role}.${createHash('sha256').update(bytes).digest('hex')}.json`;
}
