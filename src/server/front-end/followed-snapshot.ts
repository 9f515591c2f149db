import { type NewMirror } from '../../mirrors/mirror.ts';
import { type Log } from '../../ports/log.ts';
import { type SnapshotSource } from '../../ports/snapshot-source.ts';
import { type SnapshotStore } from '../../ports/snapshot-store.ts';
import { type SealKey } from '../../trust/hand-off/seal.ts';
import { type SnapshotContents } from './contents-part.ts';
import { type OfferedMirror } from './mirrors-part.ts';
import { type OriginSnapshot } from './origin-snapshot.ts';

export interface FollowDeps {
  readonly source: SnapshotSource;
  readonly store: SnapshotStore;
  /** Apart from `store`, so that damage to one of them does not make this machine forget what it has seen. */
  readonly spare: SnapshotStore;
  /** The origin's public key. */
  readonly key: SealKey;
  /** The serial of this machine's own copy of the tree, 0 when there is none. */
  readonly treeSerial: () => Promise<number>;
  /** Reads a mirror's description. Throws when it is none. */
  readonly readMirror: (json: string) => NewMirror;
  readonly log: Log;
  /** Gives pulls their turn while pieces are read. */
  readonly pause: () => Promise<void>;
}

/** What the origin says, verified, and all of it here. */
export interface FollowedSnapshot {
  readonly snapshot: OriginSnapshot;
  readonly contents: SnapshotContents;
  readonly mirrors: readonly OfferedMirror[];
}
