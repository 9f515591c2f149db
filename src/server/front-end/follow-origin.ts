import { type FollowDeps, type FollowedSnapshot } from './followed-snapshot.ts';
import { digestMatches } from '../../oci/digest.ts';
import { isSignpostError, SignpostError } from '../../oci/errors.ts';
import type { SnapshotPart } from '../../ports/snapshot-store.ts';
import { parseContentsPart } from './contents-part.ts';
import { createKeptSnapshot } from './kept-snapshot.ts';
import { parseMirrorsPart } from './mirrors-part.ts';
import { type OriginSnapshot, openSnapshot } from './origin-snapshot.ts';
import { inPieces } from '../../parallel/in-pieces.ts';
import { inParallel } from '../../parallel/in-parallel.ts';

/** Follows the origin: the last good snapshot stays until the next one is verified and whole. */
export interface Follower {
  /** Undefined until there is one. */
  current(): FollowedSnapshot | undefined;
  /** Takes up what was kept when this last ran. It never rejects: what is damaged is left alone, and said. */
  restore(): Promise<void>;
  /** `callback` runs whenever a snapshot was taken up. */
  onChange(callback: () => void): void;
  /** Looks whether there is something new. It never rejects. */
  refresh(signal: AbortSignal): Promise<void>;
  /** The bytes of a piece of the current snapshot, fetched again when the copy here is damaged. */
  readPart(part: SnapshotPart, signal: AbortSignal): Promise<Uint8Array>;
}

const fetchesAtOnce = 8;

export function createFollower(deps: FollowDeps): Follower {
  const { source, store, key, log } = deps;
  const kept = createKeptSnapshot(deps);
  /** The newest sequence that bore the origin's seal. */
  let seen = 0;
  let current: FollowedSnapshot | undefined;
  /** Verified and whole, but the tree here is not that far. */
  let ahead: { readonly followed: FollowedSnapshot; readonly file: Uint8Array } | undefined;
  let etag: string | undefined;
  let lastProblem = '';
  const callbacks: (() => void)[] = [];

  async function look(signal: AbortSignal): Promise<void> {
    const answer = await source.fetchSnapshot(etag, signal);
    if (answer !== 'unchanged') {
      const snapshot = openSnapshot(answer.file, key);
      if (snapshot.sequence < seen) {
        throw new SignpostError(
          'ROLLBACK',
          `the origin offers snapshot ${snapshot.sequence}, but ${seen} has been seen: it was put back to an older ` +
            'state, or somebody serves an old copy',
        );
      }
      if (snapshot.sequence > seen) {
        await kept.see(answer.file);
        seen = snapshot.sequence;
      }
      if (snapshot.sequence > ((ahead?.followed ?? current)?.snapshot.sequence ?? 0)) {
        ahead = { followed: await fetchAll(snapshot, signal), file: answer.file };
      }
      etag = answer.etag;
    }
    if (ahead !== undefined) await takeUp(ahead);
  }

  async function takeUp({ followed, file }: NonNullable<typeof ahead>): Promise<void> {
    const { snapshot } = followed;
    const have = await deps.treeSerial();
    if (have < snapshot.serial) {
      problem(`the tree here is at serial ${have}, the origin at ${snapshot.serial}: waiting for the tree`);
      return;
    }
    await kept.follow(followed, file);
    current = followed;
    ahead = undefined;
    for (const callback of callbacks) callback();
    log.info('following the origin', { sequence: snapshot.sequence, serial: snapshot.serial });
  }

  async function fetchAll(snapshot: OriginSnapshot, signal: AbortSignal): Promise<FollowedSnapshot> {
    const mirrors = await inPieces(
      parseMirrorsPart(await readPart(snapshot.mirrors, signal), deps.readMirror),
      deps.pause,
    );
    const contentsBytes = await readPart(snapshot.contents, signal);
    const known = current?.contents;
    const contents =
      current !== undefined && current.snapshot.contents.digest === snapshot.contents.digest
        ? current.contents
        : await inPieces(parseContentsPart(contentsBytes), deps.pause);
    const missing = [...contents].filter(([name, { digest }]) => known?.get(name)?.digest !== digest);
    await inParallel(missing, fetchesAtOnce, async ([, part], failed) =>
      readPart(part, AbortSignal.any([signal, failed])),
    );
    return { snapshot, contents, mirrors };
  }

  async function readPart(part: SnapshotPart, signal: AbortSignal): Promise<Uint8Array> {
    const { digest, size } = part;
    const here = await kept.readPart(part);
    if (here !== undefined) return here;
    const bytes = await source.fetchPart(part, signal);
    if (bytes.length !== size || !digestMatches(digest, bytes)) {
      throw new SignpostError('DIGEST_MISMATCH', `the origin sent other bytes for the piece ${digest}`);
    }
    await store.writePart(part, bytes);
    return bytes;
  }

  // The same problem comes with every look: it is said when it begins.
  function problem(message: string, error?: unknown): void {
    if (message !== lastProblem) {
      log.warn('cannot follow the origin: what was there stays', { reason: message, error });
    }
    lastProblem = message;
  }

  return {
    current: () => current,
    onChange: (callback) => void callbacks.push(callback),
    readPart,
    async restore() {
      const restored = await kept.restore();
      ({ seen } = restored);
      current = restored.followed;
    },
    async refresh(signal) {
      const before = lastProblem;
      try {
        await look(signal);
        if (lastProblem === before && ahead === undefined) {
          if (before !== '') log.info('the origin can be followed again');
          lastProblem = '';
        }
      } catch (error) {
        if (signal.aborted) return;
        problem(isSignpostError(error) ? error.message : String(error), error);
      }
    },
  };
}
