import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawKey } from '../../../fakes/raw-keys.ts';
import { type StateName, attacked } from './attack-states.ts';
import type { AttackWorld } from './attack-world.ts';
import { type Lie, serveFiles } from './lying-mirror-list.ts';
import { describeFile, readSigned, resignTuf } from './resign.ts';

const week = 7 * 86_400_000;

/** A thief with the key of the timestamp role says that this snapshot is the newest. */
export function makeTimestamp(world: AttackWorld, snapshot: Uint8Array): Buffer {
  return resignTuf(
    readOfState(world, 'current', 'tuf/timestamp.json'),
    keysOf(world, 'timestamp'),
    (signed) => ({
      ...signed,
      version: Number(signed.version) + 1,
      expires: inAWeek(),
      meta: { 'snapshot.json': describeFile(snapshot) },
    }),
  );
}

/** A thief with the keys of the timestamp and the snapshot role says that the repository's role is this file. */
export function makeSnapshot(world: AttackWorld, version: unknown, role: Uint8Array): Lie {
  const name = 'repository~demo~tool.json';
  const current = readOfState(world, 'current', `tuf/${versionOf(world, 'current')}.snapshot.json`);
  const next = versionOf(world, 'current') + 1;
  const snapshot = resignTuf(current, keysOf(world, 'snapshot'), (signed) => ({
    ...signed,
    version: next,
    expires: inAWeek(),
    meta: { ...(signed.meta as object), [name]: describeFile(role) },
  }));
  return serveFiles(
    {
      '/tuf/timestamp.json': makeTimestamp(world, snapshot),
      [`/tuf/${next}.snapshot.json`]: snapshot,
      [`/tuf/${String(version)}.${name}`]: role,
    },
    () => undefined,
  );
}

/** The same thief signs a tag with a key of their own, having none of the targets role. */
export function nameOwnImage(world: AttackWorld): Lie {
  const { images, registry } = world;
  let version = 0;
  const role = resignTuf(oldRole(world), keysOf(world, 'thief'), (signed) => {
    version = Number(signed.version) + 10;
    const target = {
      length: images.thief.manifest.length,
      hashes: { sha256: images.thief.digest.slice('sha256:'.length) },
      custom: { reference: `${registry}/${attacked}:1.0` },
    };
    return { ...signed, version, expires: inAWeek(), targets: { [`${attacked}/1.0`]: target } };
  });
  return makeSnapshot(world, version, role);
}

/** One of the holders of root keys makes a root in which every key is theirs. */
export function makeOwnRoot(world: AttackWorld): Lie {
  const first = readFileSync(world.work.file('1.root.json'));
  const root = resignTuf(first, keysOf(world, 'ann'), (signed) => {
    const { keyids } = (signed.roles as { root: { keyids: string[] } }).root;
    const role = { keyids: keyids.slice(0, 1), threshold: 1 };
    return { ...signed, version: 2, roles: { root: role, timestamp: role, snapshot: role, targets: role } };
  });
  return serveFiles({ '/tuf/2.root.json': root }, () => undefined);
}

/** The role of the attacked repository as it was before. */
export function oldRole(world: AttackWorld): Buffer {
  const snapshot = readSigned(
    readOfState(world, 'old', `tuf/${versionOf(world, 'old')}.snapshot.json`),
  ).signed;
  const { version } =
    (snapshot.meta as Record<string, { version: number }>)['repository~demo~tool.json'] ?? {};
  return readOfState(world, 'old', `tuf/${version}.repository~demo~tool.json`);
}

/** Of the snapshot that a state's timestamp names. */
export function versionOf(world: AttackWorld, state: StateName): number {
  const { signed } = readSigned(readOfState(world, state, 'tuf/timestamp.json'));
  return (signed.meta as { 'snapshot.json': { version: number } })['snapshot.json'].version;
}

/** A file of a state's tree. */
export function readOfState(world: AttackWorld, state: StateName, path: string): Buffer {
  return readFileSync(join(world.states.get(state)?.signpost.tree ?? '', path));
}

/** A key that was stolen. */
export function keyOf(world: AttackWorld, name: string): RawKey {
  const key = world.keys.get(name);
  if (key === undefined) throw new Error(`there is no key ${name}`);
  return key;
}

export function keysOf(world: AttackWorld, name: string): readonly RawKey[] {
  return [keyOf(world, name)];
}

/** In RFC 3339, without fractions. */
export function inAWeek(): string {
  return new Date(Date.now() + week).toISOString().replace(/\.\d+Z$/, 'Z');
}
