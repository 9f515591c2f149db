import type { Mirror, MirrorId, NewMirror } from '../mirrors/mirror.ts';

/**
 * The mirrors that the operator has entered. Throws SignpostError NOT_FOUND, STORAGE, USAGE (a name taken twice), and
 * LOCKED when a mirror is not `expected` any more: then somebody else has changed it, and nothing happens.
 */
export interface MirrorRegistry {
  list(): Promise<readonly Mirror[]>;
  add(mirror: NewMirror): Promise<Mirror>;
  update(mirror: Mirror, expected?: Mirror): Promise<void>;
  remove(id: MirrorId, expected?: Mirror): Promise<void>;
  /** A number that changes whenever any process has committed something. Cheap: it is polled. */
  version(): Promise<number>;
}
