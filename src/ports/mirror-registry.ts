import type { Mirror, NewMirror } from '../mirrors/mirror.ts';
import type { Author } from './audit-log.ts';

/**
 * The mirrors that the operator has entered. A change and its entry in the record of changes are one transaction; what
 * changes nothing is not written down. Throws SignpostError NOT_FOUND, STORAGE, USAGE (a name taken twice), and LOCKED
 * when a mirror is not as it was given any more: then somebody else has changed it, and nothing happens.
 */
export interface MirrorRegistry {
  list(): Promise<readonly Mirror[]>;
  add(mirror: NewMirror, by: Author): Promise<Mirror>;
  /** @param before as it was seen last */
  update(before: Mirror, after: NewMirror, by: Author): Promise<void>;
  remove(mirror: Mirror, by: Author): Promise<void>;
  /** A number that changes whenever any process has committed something. Cheap: it is polled. */
  version(): Promise<number>;
}
