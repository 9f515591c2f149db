import type { MirrorId } from '../mirrors/mirror.ts';
import type { MirrorHealth } from '../mirrors/mirror-state.ts';
import type { ByteRange } from '../oci/range.ts';
import type { ProbeTarget } from './mirror-probe.ts';

/** A mirror's health, and what it failed on: that is what it must pass before it comes back. */
export interface StoredMirrorState extends MirrorHealth {
  readonly failed?: { readonly target: ProbeTarget; readonly range: ByteRange; readonly how?: 'whole' };
  /** The serial that a private mirror has reported, which nobody can check. */
  readonly reported?: number;
}

/** The mirrors' health as it was last seen, for people and for the next start. Throws SignpostError STORAGE. */
export interface MirrorStates {
  load(): Promise<ReadonlyMap<MirrorId, StoredMirrorState>>;
  /** All or nothing. Mirrors that are no longer in the registry are left out. */
  save(changes: ReadonlyMap<MirrorId, StoredMirrorState>): Promise<void>;
}
