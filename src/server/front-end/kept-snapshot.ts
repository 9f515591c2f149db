import { SignpostError } from '../../oci/errors.ts';
import { inPieces } from '../../parallel/in-pieces.ts';
import { waitForAll } from '../../parallel/wait-for-all.ts';
import type { Log } from '../../ports/log.ts';
import type { SnapshotPart, SnapshotStore } from '../../ports/snapshot-store.ts';
import type { SealKey } from '../../trust/hand-off/seal.ts';
import { parseContentsPart, partsOf } from './contents-part.ts';
import type { FollowDeps, FollowedSnapshot } from './followed-snapshot.ts';
import { parseMirrorsPart } from './mirrors-part.ts';
import { type OriginSnapshot, openSnapshot } from './origin-snapshot.ts';

export interface KeptDeps extends Pick<FollowDeps, 'readMirror' | 'treeSerial' | 'pause'> {
  readonly store: SnapshotStore;
  /** Apart from `store`: it has the newest snapshot that was seen, and the pieces that name all the others. */
  readonly spare: SnapshotStore;
  readonly key: SealKey;
  readonly log: Log;
}

/**
 * What a front end keeps over a restart, in two places: were it to forget what it has seen because a file is damaged, an
 * old copy of the origin's could be passed off as new.
 */
export interface KeptSnapshot {
  /** The newest sequence that was seen, and the snapshot to go on with. It never rejects: what is damaged is said. */
  restore(): Promise<{ readonly seen: number; readonly followed: FollowedSnapshot | undefined }>;
  /** A snapshot with the origin's seal has come, newer than any before: nothing older is taken from now on. */
  see(file: Uint8Array): Promise<void>;
  /** It is being followed from now on; its pieces have been written. */
  follow(followed: FollowedSnapshot, file: Uint8Array): Promise<void>;
  /** A piece from either place; undefined when there is none that is whole. */
  readPart(part: SnapshotPart): Promise<Uint8Array | undefined>;
}

/** Pieces of an older snapshot may be in use for the time that compiling takes. */
const keptFor = 600_000;

export function createKeptSnapshot(deps: KeptDeps): KeptSnapshot {
  const { store, spare, key, log } = deps;

  async function readPart(part: SnapshotPart): Promise<Uint8Array | undefined> {
    const kept = await store.readPart(part);
    if (kept !== undefined) return kept;
    const copy = await spare.readPart(part);
    if (copy !== undefined) await store.writePart(part, copy);
    return copy;
  }

  async function open(from: SnapshotStore): Promise<OriginSnapshot | undefined> {
    try {
      const file = await from.readSnapshot();
      return file === undefined ? undefined : openSnapshot(file, key);
    } catch (error) {
      log.error('a snapshot that was kept is not used', { error });
      return undefined;
    }
  }

  async function load(snapshot: OriginSnapshot): Promise<FollowedSnapshot | undefined> {
    try {
      const [mirrors, contents] = await waitForAll([readPart(snapshot.mirrors), readPart(snapshot.contents)]);
      if (mirrors === undefined || contents === undefined) {
        throw new SignpostError('STORAGE', 'pieces of the snapshot that was kept are damaged or gone');
      }
      return {
        snapshot,
        contents: await inPieces(parseContentsPart(contents), deps.pause),
        mirrors: await inPieces(parseMirrorsPart(mirrors, deps.readMirror), deps.pause),
      };
    } catch (error) {
      log.error('a snapshot that was kept is not used', { sequence: snapshot.sequence, error });
      return undefined;
    }
  }

  return {
    readPart,
    async restore() {
      const followed = await open(store);
      const newest = await open(spare);
      const seen = Math.max(followed?.sequence ?? 0, newest?.sequence ?? 0);
      const loaded = followed && (await load(followed));
      // What was seen last may be more than the tree here holds.
      const mayFollow = newest !== undefined && newest.serial <= (await deps.treeSerial());
      return { seen, followed: loaded ?? (mayFollow ? await load(newest) : undefined) };
    },
    see: (file) => spare.writeSnapshot(file),
    async follow({ snapshot, contents }, file) {
      for (const part of [snapshot.mirrors, snapshot.contents]) {
        const bytes = await readPart(part);
        if (bytes !== undefined) await spare.writePart(part, bytes);
      }
      await store.writeSnapshot(file);
      await store.tidy(partsOf(snapshot, contents), keptFor);
      await spare.tidy(new Set([snapshot.mirrors.digest, snapshot.contents.digest]), keptFor);
    },
  };
}
