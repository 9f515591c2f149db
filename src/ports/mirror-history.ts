import type { MirrorId } from '../mirrors/mirror.ts';
import type { MirrorChange } from '../mirrors/mirror-events.ts';

/** Something that happened to a mirror. */
export interface MirrorEvent extends MirrorChange {
  readonly mirror: MirrorId;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** An event with its number, by which one page of a history follows another. */
export interface StoredMirrorEvent extends MirrorEvent {
  readonly id: number;
}

/** What happened to mirrors, for operators, kept for a while. Rejects with SignpostError STORAGE. */
export interface MirrorHistory {
  /** All or nothing. Events of mirrors that are no longer in the registry are left out. */
  add(events: readonly MirrorEvent[]): Promise<void>;
  /** The newest first: at most `limit`, with a number below `before` where that is given. */
  list(
    mirror: MirrorId,
    page: { readonly limit: number; readonly before?: number },
  ): Promise<readonly StoredMirrorEvent[]>;
  /** Forgets what is older than `since`, in milliseconds since the epoch, and all but the newest `most` of each mirror. */
  prune(limits: { readonly since: number; readonly most: number }): Promise<void>;
}
